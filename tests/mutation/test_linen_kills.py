"""Each property kills each mutant that it names, built for Linen."""

import pytest

from dropout_props.selftest.mutants import Mutant
from tests.mutation.kills import kills, survived


@pytest.mark.parametrize(("mutant", "property_ids", "profile"), kills("linen"))
def test_each_property_kills_the_mutant_that_it_names(
    mutant: Mutant, property_ids: list[str], profile: str
) -> None:
    """Each verdict is FAIL, or KNOWN where the installed Flax has the bug."""
    assert survived(mutant, "linen", property_ids, profile) == {}
