"""The suite on the shipped subjects: one test per (subject, property)."""

from collections.abc import Callable

from dropout_props.layers import registry
from dropout_props.pytest_plugin.parametrize import parametrize_with_properties


@parametrize_with_properties(registry.names(), level="framework")
def test_subject(property_check: Callable[[], None]) -> None:
    """A property of a shipped subject passes, does not apply, or has a known deviation."""
    property_check()
