"""The suite on the installed Flax and on the textbook layers, one item a (subject, claim)."""

from dropout_props.parametrize import parametrize_with_properties
from dropout_props.subjects import registry


@parametrize_with_properties(registry.names())
def test_subject(property_check):
    """Every claim about every subject that ships holds, does not apply, or is a listed deviation."""
    property_check()
