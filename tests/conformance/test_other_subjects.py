"""The suite on all other shipped subjects: one test per (subject, property); it takes minutes."""

from collections.abc import Callable

import pytest

from dropout_props.layers import registry
from dropout_props.pytest_plugin.parametrize import parametrize_with_properties

_ELSEWHERE = ("Dropout", "MyDropout", "DropoutModel", "MyModel", "dropout_layer")
"""Last parts of the names that the files beside this one have."""
_OTHERS = [one for one in registry.names() if one.split(".")[-1] not in _ELSEWHERE]


@pytest.mark.nightly
@parametrize_with_properties(
    [one for one in registry.names() if one.split(".")[-1] not in _ELSEWHERE], level="framework"
)
def test_subject(property_check: Callable[[], None]) -> None:
    """A property of a shipped subject passes, does not apply, or has a known deviation."""
    property_check()
