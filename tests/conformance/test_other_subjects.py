"""The suite on what the files beside this one leave out: it takes minutes, and runs at night."""

from collections.abc import Callable

import pytest

from dropout_props.layers import registry
from dropout_props.properties import CATALOGUE
from dropout_props.pytest_plugin.parametrize import parametrize_with_properties

_ELSEWHERE = ("linen.Dropout", "nnx.Dropout", "textbook.MyDropout", "d2l.dropout_layer")


@pytest.mark.nightly
@parametrize_with_properties(
    [one for one in registry.names() if one not in _ELSEWHERE], level="framework"
)
def test_subject(property_check: Callable[[], None]) -> None:
    """A property of another shipped subject passes, does not apply, or has a known deviation."""
    property_check()


@pytest.mark.nightly
@parametrize_with_properties(
    ["textbook.MyDropout"], properties=[one.id for one in CATALOGUE if one.level != "full"]
)
def test_textbook_layer(property_check: Callable[[], None]) -> None:
    """So does a textbook layer at the other levels."""
    property_check()


@pytest.mark.nightly
@parametrize_with_properties(
    ["d2l.dropout_layer"], properties=[one.id for one in CATALOGUE if one.level != "core"]
)
def test_function_of_a_book(property_check: Callable[[], None]) -> None:
    """So does the function of a book beyond level `core`."""
    property_check()
