"""A linear read-out, read back from a float, is the number of kept units in it."""

import numpy as np
import pytest

from dropout_props.cases.case import Case
from dropout_props.engine.adapt_case import fit
from dropout_props.layers import registry
from dropout_props.properties import dp803_linear_model as dp803
from dropout_props.properties.mask_cases import keep_of
from dropout_props.properties.sampler import Sampler
from dropout_props.statistics import Trials

_CASES = (
    Case(shape=(128,), rate=0.3),
    Case(shape=(2, 3, 4, 5), rate=0.9, values="negative"),
    Case(shape=(1024,), rate=0.01),
    Case(shape=(), rate=0.5),
)


def sampler_of(name: str, case: Case) -> Sampler:
    """What asks one of the layers that ship, in a case that fits it."""
    subject = registry.load(name)
    return Sampler(subject, fit(case, traits=subject.traits), "DP803")


@pytest.mark.parametrize("case", _CASES, ids=str)
@pytest.mark.parametrize("name", ["linen.Dropout", "linen.attention", "examples.DropPath"])
def test_the_read_out_of_all_units_is_the_count_of_the_mask(name: str, case: Case) -> None:
    """Of the same keys, whatever the input, the eval output and the units that share a coin."""
    sampler = sampler_of(name, case)
    kept = sampler.block(0)
    counted = Trials.of(int(kept.sum()), kept.size, keep_of(sampler), label="all units")
    assert dp803._observe(sampler, 0)[0] == counted


def test_each_read_out_reads_what_it_says() -> None:
    """All units, every second one, and a half that the case fixes; no more than 1024."""
    head = dp803._Head.of(sampler_of("linen.Dropout", _CASES[0]))
    again = dp803._Head.of(sampler_of("linen.Dropout", _CASES[0]))
    read = head.weights != 0
    assert list(head.sizes.values()) == list(read.sum(axis=1)) == [128, 64, 64]
    assert read[0].all()
    assert read[1, ::2].all()
    assert np.array_equal(head.weights, again.weights)
    wide = dp803._Head.of(sampler_of("linen.Dropout", Case(shape=(5000,))))
    assert list(wide.sizes.values()) == [1000, 500, 500]
