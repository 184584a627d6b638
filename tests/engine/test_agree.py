"""`agree` accepts differences by rounding between two outputs, and refuses larger ones."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.cases.case import SMALL, Case
from dropout_props.properties import Violation, find
from dropout_props.properties.outputs import agree
from dropout_props.properties.sampler import Sampler
from dropout_props.selftest.kernel.build import kernel_subject
from dropout_props.selftest.kernel.kernel import Kernel
from dropout_props.subjects.subject import Subject

_DROPOUT = Sampler(
    kernel_subject(Kernel(), api="linen", name="control.reference"), Case(values=SMALL), "DP501"
)
_TRAITS = replace(_DROPOUT.subject.traits, law="noise")
_NOISE = replace(_DROPOUT, subject=replace(_DROPOUT.subject, traits=_TRAITS))
_X = Case(values=SMALL).inputs()
_LARGEST = float(_X.max())


def test_noise_may_differ_by_rounding() -> None:
    """Noise may differ by a millionth of the largest unit, dropout by one in the last place."""
    seen = _X + np.float32(1e-6 * _LARGEST)
    agree(_NOISE, seen, _X, "case")
    with pytest.raises(Violation, match=r"^case: \d+ of 128 values differ"):
        agree(_DROPOUT, seen, _X, "case")


@pytest.mark.parametrize("rate", [0.6641311382447264, 0.95, 0.1])
def test_a_call_may_divide_by_another_rounding_of_keep(rate: float) -> None:
    """By 1 - rate where the rate is a number, and by 1 - float32(rate) where it is an array."""
    sampler = replace(_DROPOUT, case=Case(values=SMALL, rate=rate))
    of_number = _X / np.float32(1.0 - rate)
    of_array = _X / (np.float32(1.0) - np.float32(rate))
    agree(sampler, of_number, of_array, "case")
    agree(sampler, of_array, of_number, "case")
    with pytest.raises(Violation, match="values differ"):
        agree(sampler, of_number * np.float32(1.00001), of_array, "case")


def in_two_ways(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """A right layer whose keep is a number in an eager call, and an array under a transform."""
    if deterministic or rate == 0.0:
        return x
    keep = 1 - jax.lax.stop_gradient(rate)
    return jnp.where(jax.random.bernoulli(key, keep, x.shape), x / keep, jnp.zeros_like(x))


@pytest.mark.parametrize("property_id", ["DP501", "DP504", "DP601"])
def test_a_layer_that_divides_in_two_ways_is_right(property_id: str) -> None:
    """At a rate where the two quotients are 2 units in the last place apart."""
    exact = find(property_id).exact
    assert exact is not None
    case = Case(shape=(128,), rate=0.6641311382447264)
    exact.check(Sampler(Subject.function(in_two_ways, rate_one=False), case, property_id))


def test_a_unit_of_other_noise_is_refused() -> None:
    """A unit may not differ by a thousandth of the largest unit, nor be 0 or NaN."""
    for unit in (_X[5] + 1e-3 * _LARGEST, 0.0, np.nan):
        seen = _X.copy()
        seen[5] = unit
        with pytest.raises(Violation, match=r"^case: 1 of 128 values differ, at \(5,\)"):
            agree(_NOISE, seen, _X, "case")


def test_empty_noise_agrees() -> None:
    """Two empty outputs agree."""
    agree(_NOISE, _X[:0], _X[:0], "case")


def multiplied(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """A layer that multiplies by its mask, so a dropped infinity is NaN."""
    if deterministic or rate == 0.0:
        return x
    return x * (jax.random.bernoulli(key, 1 - rate, x.shape) / (1 - rate)).astype(x.dtype)


def test_a_dropped_infinity_is_a_matter_of_one_property() -> None:
    """DP702 names it; DP201, on which most others depend, does not block them for it."""
    subject = Subject.function(multiplied, rate_one=False)
    case = Case(shape=(128,), rate=0.5, dtype="bfloat16", values="special")
    for property_id in ("DP201", "DP702"):
        exact = find(property_id).exact
        assert exact is not None
        sampler = Sampler(subject, case, property_id)
        if property_id == "DP201":
            exact.check(sampler)
        else:
            with pytest.raises(Violation, match=r"^a dropped unit is not \+0"):
                exact.check(sampler)


def test_at_rate_1_an_infinity_is_dropped_too() -> None:
    """There DP201 takes no NaN for it, since DP702 has no case of rate 1."""

    def layer(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
        return x if deterministic else x * (1.0 - rate)

    exact = find("DP201").exact
    assert exact is not None
    case = Case(shape=(128,), rate=1.0, values="special")
    with pytest.raises(Violation, match="outputs are not 0 at rate 1"):
        exact.check(Sampler(Subject.function(layer), case, "DP201"))
