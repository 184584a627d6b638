"""Pages that a command writes are what the command writes now; what they quote is in the code."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from dropout_props.cli import shipped
from dropout_props.properties import CATALOGUE, EXPLAINED
from dropout_props.properties.describe import page
from dropout_props.selftest.kill_page import rows

_ROOT = Path(__file__).parents[2]
_DOCS = _ROOT / "docs"
_PACKAGE = _ROOT / "dropout_props"
_SOURCES = sorted(_PACKAGE.rglob("*.py"))


def test_the_catalogue_page_is_the_catalogue() -> None:
    """Run `python tools/catalogue.py` when this fails."""
    assert (_DOCS / "catalogue.md").read_text(encoding="utf-8") == page(EXPLAINED) + "\n"


def test_what_list_and_explain_print_is_the_catalogue() -> None:
    """Run `python tools/catalogue.py` when this fails."""
    assert shipped.catalogue() == shipped.make_catalogue()


def test_the_page_on_adding_a_property_quotes_the_code() -> None:
    """The file and the mutant are in the repository as quoted; the page stays under 40 lines."""
    text = (_DOCS / "adding-a-property.md").read_text(encoding="utf-8")
    named = re.findall(r"`(dropout_props/[^`]*\.py)`", text)
    [block] = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    [mutant] = re.findall(r'Mutant\("(\w+)"', text)
    assert len(text.splitlines()) < 40
    file, mutants = [(_ROOT / path).read_text(encoding="utf-8") for path in named]
    assert block == file
    assert f'"{mutant}",' in mutants
    assert f'killed_by=("{mutant}",)' in block


def test_the_kill_matrix_is_of_this_zoo_and_this_catalogue() -> None:
    """Run `dropout-props selftest --mutants -n 2 --write docs/kill-matrix.md`."""
    text = (_DOCS / "kill-matrix.md").read_text(encoding="utf-8")
    lines = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    bugs = [(cells[0][2:], cells[3], cells[4].split(" ")[0]) for cells in lines if len(cells) == 7]
    assert [row for row in bugs if row[1] in ("linen", "nnx") and row[2].startswith("DP")] == rows()
    assert "none survived; no property was idle; no control was flagged" in text
    for prop in CATALOGUE:
        assert f"| {prop.id} {prop.name} | " in text


@cache
def _imported(path: Path) -> frozenset[str]:
    """Return the top modules that a file imports."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return frozenset(name.partition(".")[0] for name in names)


def _importers(distribution: str) -> set[str]:
    """Return the top modules and folders of the package that import a distribution."""
    found = set()
    for path in _SOURCES:
        top, *below = path.relative_to(_PACKAGE).parts
        if distribution.replace("-", "_") in _imported(path):
            found.add(f"{top}/" if below else top.removesuffix(".py"))
    return found


def test_the_page_on_dependencies_says_where_each_is_imported() -> None:
    """Each row of the first table names every module and folder that imports it, and no other."""
    table = (_DOCS / "dependencies.md").read_text(encoding="utf-8").partition("\n## ")[0]
    rows = re.findall(r"^\| ([a-z0-9-]+) \| .* \| (.*) \|$", table, flags=re.MULTILINE)[1:]
    said = {name: set(re.findall(r"`([^`]+)`", places)) for name, places in rows}
    assert said == {name: _importers(name) for name in said}
    declared = (_ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = declared.partition("dependencies = [")[2].partition("\n]")[0]
    assert sorted(said) == sorted(re.findall(r'^  "([a-z0-9-]+)', listed, flags=re.MULTILINE))


@pytest.mark.parametrize("path", _SOURCES, ids=lambda path: path.relative_to(_PACKAGE).as_posix())
def test_what_a_docstring_names_is_there(path: Path) -> None:
    """Files of this repository and dotted names of this package, in backticks, exist."""
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r"`{1,2}((?:tests|docs|dropout_props)/[^`\s]+)`", text):
        assert (_ROOT / name).exists(), name
    for dotted in re.findall(r"`{1,2}(dropout_props(?:\.\w+)+)`", text):
        assert _is_there(dotted.split(".")[1:]), dotted


def _is_there(parts: list[str]) -> bool:
    """Return whether parts of a dotted name lead to a module, or to a name in one."""
    place = _PACKAGE
    for number, part in enumerate(parts):
        if (place / part).is_dir():
            place /= part
        elif (place / f"{part}.py").is_file():
            module = (place / f"{part}.py").read_text(encoding="utf-8")
            return all(re.search(rf"\b{name}\b", module) for name in parts[number + 1 :])
        else:
            return bool(re.search(rf"\b{part}\b", (place / "__init__.py").read_text("utf-8")))
    return True
