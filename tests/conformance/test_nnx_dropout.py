"""The suite on the Dropout of flax.nnx: one test per (subject, property)."""

from collections.abc import Callable

from dropout_props.pytest_plugin.parametrize import parametrize_with_properties


@parametrize_with_properties(["nnx.Dropout"], level="framework")
def test_subject(property_check: Callable[[], None]) -> None:
    """A property of the layer passes, does not apply, or has a known deviation."""
    property_check()
