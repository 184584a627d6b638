"""Pages that a command writes are what the command writes now; what they quote is in the code."""

import re
from pathlib import Path

from dropout_props.properties import CATALOGUE, EXPLAINED
from dropout_props.properties.describe import page
from dropout_props.selftest.kill_page import rows

_ROOT = Path(__file__).parents[2]
_DOCS = _ROOT / "docs"


def test_the_catalogue_page_is_the_catalogue() -> None:
    """Run `dropout-props explain --markdown > docs/catalogue.md` when this fails."""
    assert (_DOCS / "catalogue.md").read_text(encoding="utf-8") == page(EXPLAINED) + "\n"


def test_the_page_on_adding_a_property_quotes_the_code() -> None:
    """Each block is in the repository as it stands; the page stays under 60 lines."""
    text = (_DOCS / "adding-a-property.md").read_text(encoding="utf-8")
    named = re.findall(r"`(dropout_props/[^`]*\.py)`", text)
    blocks = re.findall(r"```(?:python|text)\n(.*?)```", text, flags=re.DOTALL)
    assert len(text.splitlines()) < 60
    assert len(named) == len(blocks) == 3
    for path, block in zip(named, blocks, strict=True):
        assert block in (_ROOT / path).read_text(encoding="utf-8"), path


def test_the_kill_matrix_is_of_this_zoo_and_this_catalogue() -> None:
    """Run `dropout-props selftest --mutants --salts 20 -n 2 --write docs/kill-matrix.md`."""
    text = (_DOCS / "kill-matrix.md").read_text(encoding="utf-8")
    lines = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    bugs = [(cells[0][2:], cells[3], cells[4].split(" ")[0]) for cells in lines if len(cells) == 7]
    assert [row for row in bugs if row[1] in ("linen", "nnx") and row[2].startswith("DP")] == rows()
    assert "none survived; no claim was idle; no control was flagged" in text
    for claim in CATALOGUE:
        assert f"| {claim.id} {claim.name} | " in text
