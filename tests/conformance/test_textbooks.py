"""The suite on the layers of textbooks, up to level `full`: one test per (subject, property)."""

from collections.abc import Callable

from dropout_props.pytest_plugin.parametrize import parametrize_with_properties


@parametrize_with_properties(
    ["textbook.MyDropout", "textbook.DropoutModel", "textbook.MyModel", "d2l.dropout_layer"],
    level="full",
)
def test_subject(property_check: Callable[[], None]) -> None:
    """A property of a textbook layer passes, does not apply, or has a known deviation."""
    property_check()
