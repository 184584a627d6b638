"""A linear read-out of the output equals the number of kept units that it sums."""

import numpy as np
import pytest

from dropout_props.cases.case import Case
from dropout_props.engine.adapt_case import fit
from dropout_props.layers import registry
from dropout_props.properties import dp803_linear_model as dp803
from dropout_props.properties.sampler import Sampler
from dropout_props.statistics import Trials

_CASES = (
    Case(shape=(128,), rate=0.3),
    Case(shape=(2, 3, 4, 5), rate=0.9, values="negative"),
    Case(shape=(1024,), rate=0.01),
    Case(shape=(), rate=0.5),
)


def sampler_of(name: str, case: Case) -> Sampler:
    """Return the sampler of a shipped layer, with a case that fits the layer."""
    subject = registry.load(name)
    return Sampler(subject, fit(case, traits=subject.traits), "DP803")


@pytest.mark.parametrize("case", _CASES, ids=str)
@pytest.mark.parametrize("name", ["linen.Dropout", "linen.attention", "examples.DropPath"])
def test_the_read_out_of_all_units_equals_the_count_of_the_mask(name: str, case: Case) -> None:
    """It does for equal keys, for any input, reference and sharing of the mask."""
    sampler = sampler_of(name, case)
    kept = sampler.block(0)
    counted = Trials.of(int(kept.sum()), kept.size, sampler.keep, label="all units")
    assert dp803.linear_model(sampler, 0)[0] == counted


def test_each_read_out_sums_its_units() -> None:
    """The read-outs sum all units, every second one, and a fixed half; at most 1024 units."""
    head = dp803._Head.of(sampler_of("linen.Dropout", _CASES[0]))
    second = dp803._Head.of(sampler_of("linen.Dropout", _CASES[0]))
    read = head.weights != 0
    assert list(head.sizes.values()) == list(read.sum(axis=1)) == [128, 64, 64]
    assert read[0].all()
    assert read[1, ::2].all()
    assert np.array_equal(head.weights, second.weights)
    wide = dp803._Head.of(sampler_of("linen.Dropout", Case(shape=(5000,))))
    assert list(wide.sizes.values()) == [1000, 500, 500]
