"""The suite on layers of textbooks: one test per (subject, property).

By day the layer of a tutorial is judged at level `full` (first_contact/test_textbook.py judges
such a layer up to `core`), and the function of a book up to `core`; at night,
test_other_subjects.py judges the rest, and the models of textbooks. By day,
first_contact/test_models.py judges models.
"""

from collections.abc import Callable

from dropout_props.properties import CATALOGUE
from dropout_props.pytest_plugin.parametrize import parametrize_with_properties


@parametrize_with_properties(
    ["textbook.MyDropout"], properties=[one.id for one in CATALOGUE if one.level == "full"]
)
def test_layer(property_check: Callable[[], None]) -> None:
    """A property of a textbook layer passes, does not apply, or has a known deviation."""
    property_check()


@parametrize_with_properties(["d2l.dropout_layer"], level="core")
def test_function(property_check: Callable[[], None]) -> None:
    """So does one of a function of a key."""
    property_check()
