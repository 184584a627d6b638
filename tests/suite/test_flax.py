"""The suite on the installed Flax and on the textbook layers, one item a (subject, property)."""

from collections.abc import Callable

from dropout_props.layers import registry
from dropout_props.pytest_plugin.parametrize import parametrize_with_properties


@parametrize_with_properties(registry.names())
def test_subject(property_check: Callable[[], None]) -> None:
    """Every property about a shipped subject holds, does not apply, or is a listed deviation."""
    property_check()
