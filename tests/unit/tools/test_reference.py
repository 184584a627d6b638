"""The reference pages are what the code says now."""

from pathlib import Path
from types import ModuleType

import pytest

from tests.unit.tools.test_pictures import load

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """Import the script."""
    return load("reference")


@pytest.mark.parametrize("name", ["cli.md", "api.md", "json.md", "pytest-plugin.md"])
def test_a_reference_page_is_of_this_code(tool: ModuleType, name: str) -> None:
    """Run `python tools/reference.py` when this fails."""
    assert (DOCS / name).read_text(encoding="utf-8") == tool.pages()[name]


def test_every_public_name_and_every_command_is_explained(tool: ModuleType) -> None:
    """Each has a heading and a sentence below it; each option has a help text."""
    import dropout_props

    pages = tool.pages()
    for name in set(dropout_props.__all__) - {"__version__"}:
        _, _, after = pages["api.md"].partition(f"\n## {name}\n")
        assert after.strip(), name
        assert not after.strip().startswith("#"), name
    rows = [line for line in pages["cli.md"].splitlines() if line.startswith("| `--")]
    assert [row for row in rows if row.split(" | ")[1].strip(" |") == ""] == []


def test_a_docstring_becomes_markdown(tool: ModuleType) -> None:
    """Sections become lists, an indented block after two colons becomes code."""
    text = """Do a thing.

    As in::

        do(1)

    Args:
        one: the first
            of two.
        **rest: others.

    Raises:
        ValueError: it is bad.
    """
    assert tool._markdown(text) == (
        "Do a thing.\n\nAs in:\n\n```python\ndo(1)\n```\n\n**Arguments**\n\n- `one`: the first\n"
        "  of two.\n- `**rest`: others.\n\n**Raises**\n\n- `ValueError`: it is bad."
    )
