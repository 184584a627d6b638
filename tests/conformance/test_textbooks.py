"""The suite on layers and models of textbooks: one test per (subject, property).

Layers are judged up to level `full`, and models up to `core`; at night, test_other_subjects.py
judges the rest.
"""

from collections.abc import Callable

from dropout_props.pytest_plugin.parametrize import parametrize_with_properties


@parametrize_with_properties(["textbook.MyDropout", "d2l.dropout_layer"], level="full")
def test_layer(property_check: Callable[[], None]) -> None:
    """A property of a textbook layer passes, does not apply, or has a known deviation."""
    property_check()


@parametrize_with_properties(["textbook.DropoutModel", "textbook.MyModel"], level="core")
def test_model(property_check: Callable[[], None]) -> None:
    """A property of a textbook model passes, does not apply, or has a known deviation."""
    property_check()
