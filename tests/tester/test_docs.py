"""Pages that a command writes are what the command writes now."""

from pathlib import Path

from dropout_props.properties import CATALOGUE
from dropout_props.properties.describe import page

_DOCS = Path(__file__).parents[2] / "docs"


def test_the_catalogue_page_is_the_catalogue() -> None:
    """Run `dropout-props explain --markdown > docs/catalogue.md` when this fails."""
    assert (_DOCS / "catalogue.md").read_text(encoding="utf-8") == page(CATALOGUE) + "\n"
