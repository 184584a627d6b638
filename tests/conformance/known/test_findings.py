"""docs/findings.md agrees with the catalogue, the list of known deviations, and the code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dropout_props.engine.deviations import SHIPPED_LIST
from dropout_props.environment.versions import version_of
from dropout_props.properties import CATALOGUE
from dropout_props.properties.describe import describe

_ROOT = Path(__file__).parents[3]
_PAGE = (_ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
_APIS = {"linen.Dropout": "Linen", "linen.attention": "Linen"}
_APIS |= {"nnx.Dropout": "NNX", "nnx.attention": "NNX"}
_PROPERTIES = {prop.id: prop for prop in CATALOGUE}


def _rows(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading."""
    _, _, below = _PAGE.partition(f"## {heading}\n")
    section, _, _ = below.partition("\n## ")
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


_REPRODUCED = _rows("Reproduced by a property")
_QUOTING = [*_rows("Allowed by a property"), *_rows("Rejected before judging")]
_UNASKED = _rows("Covered by no property")


def test_each_property_that_is_named_is_in_the_catalogue() -> None:
    """A mistyped or removed id fails."""
    named = set(re.findall(r"DP\d{3}", _PAGE))
    assert named - set(_PROPERTIES) == set()


def test_what_is_reproduced_is_what_is_listed() -> None:
    """Each row has an entry for each of its APIs, and each entry of Flax itself has a row."""
    shown = {
        (property_id, api) for _, _, apis, property_id in _REPRODUCED for api in apis.split(", ")
    }
    listed = {
        (entry.property_id, _APIS[entry.subject])
        for entry in SHIPPED_LIST
        if entry.subject in _APIS
    }
    assert listed - shown == set()
    assert shown - listed == set()


@pytest.mark.parametrize("row", _QUOTING, ids=lambda row: row[0])
def test_every_quotation_is_in_its_source(row: list[str]) -> None:
    """The words are in the text of `explain`, or in the file."""
    _, _, where, words = row
    place = where.strip("`")
    property_id = _PROPERTIES.get(place)
    text = describe(property_id) if property_id else (_ROOT / place).read_text(encoding="utf-8")
    assert words == f'"{words[1:-1]}"'
    assert len(words) > 10
    assert words[1:-1] in " ".join(text.split())


def test_each_finding_has_one_row_and_a_name() -> None:
    """No two rows have one name, no table is empty, and no name is a number."""
    tables = (_REPRODUCED, _QUOTING, _UNASKED)
    assert all(tables)
    names = [row[0] for table in tables for row in table]
    assert len(set(names)) == len(names)
    assert not re.search(r"\bR\d+\b", _PAGE)


def test_the_program_shows_what_the_page_says() -> None:
    """A loop from the compilation cache draws other masks under 0.5.1 alone."""
    [program] = re.findall(r"```python\n(.*?)```", _PAGE, flags=re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    differs = "AssertionError: the cached loop draws other masks" in done.stderr
    assert differs == (version_of("jax") == "0.5.1"), done.stderr
    assert differs or done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", ["index.md", "known-deviations.md"])
def test_the_page_is_linked(page: str) -> None:
    """From the table of contents, and from the page on the list."""
    text = (_ROOT / "docs" / page).read_text(encoding="utf-8")
    assert re.search(r"^findings$|\(findings\.md\)", text, flags=re.MULTILINE)
