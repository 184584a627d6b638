"""Each property kills each mutant that it names, built for NNX."""

import pytest

from dropout_props.selftest.mutants import Mutant
from tests.mutation.kills import mutants, survived


@pytest.mark.parametrize("mutant", mutants("nnx"))
def test_each_property_kills_the_mutant_that_it_names(mutant: Mutant) -> None:
    """Each verdict is FAIL, or KNOWN where the installed Flax has the bug."""
    assert survived(mutant, "nnx") == {}
