"""`fit` adapts a case to the traits of a subject; `came_through` counts its kept units."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from dropout_props.cases import strategies
from dropout_props.cases.case import SMALL, Case, as_dtype
from dropout_props.engine.adapt_case import fit
from dropout_props.engine.cases import fitted
from dropout_props.properties import find
from dropout_props.properties.sampler import Sampler, came_through
from dropout_props.selftest.kernel.build import kernel_subject
from dropout_props.selftest.kernel.kernel import Kernel
from dropout_props.statistics import keep_interval
from dropout_props.subjects.subject import Subject, Traits

_DROPOUT = kernel_subject(Kernel(), api="linen", name="control.reference")
_NOISE = replace(_DROPOUT, traits=replace(_DROPOUT.traits, law="noise"))
_ROWS = Traits(api="linen", shares_rest=True, min_rank=1)


@pytest.mark.parametrize("shape", strategies.WIDE_SHAPES)
def test_a_fitted_case_has_a_row_per_unit(shape: Any) -> None:
    """A mask that is shared along all axes but the first has as many units as the case had."""
    units = Case(shape=shape).size
    fitted = fit(Case(shape=shape), _ROWS)
    assert fitted.mask_shape == (units, *(1 for _ in shape[1:]))
    assert len(fitted.shape) == max(1, len(shape))
    assert fit(fitted, _ROWS) == fitted


def _to(value: float, *, api: Any = "input") -> Subject:
    """A layer that drops to a value and does not scale."""

    def layer(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
        y = x if api == "input" else 2 * x
        if deterministic:
            return y
        return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), y, value)

    return Subject.function(layer, dropped=value, kept="unscaled", reference=api)


@pytest.mark.parametrize(
    ("value", "reference", "values", "expected"),
    [
        (-1.0, "input", "distinct", "distinct"),
        (-1.0, "input", "negative", "distinct"),
        (2.0, "input", "distinct", "negative"),
        (-2.0, "eval", "negative", "distinct"),
        (-1.5, "input", "negative", "negative"),
        (-1.0, "input", "special", "special"),
    ],
)
def test_no_kept_unit_looks_like_a_dropped_one(
    value: float, reference: str, values: str, expected: str
) -> None:
    """A layer that drops to -1 returns -1 for a kept -1, too: its inputs have none."""
    decision: Any = find("DP202").decision
    subject = _to(value, api=reference)
    assert fitted(decision, subject)(Case(values=values)).values == expected


@pytest.mark.parametrize("dims", [(), (0,), (-1,), (0, 1, 2)])
def test_rows_ignore_other_broadcast_dims(dims: Any) -> None:
    """The fitted case has the axes that the layer always shares."""
    assert fit(Case(shape=(6, 5, 8), broadcast_dims=dims), _ROWS).broadcast_dims == (1, 2)


@pytest.mark.parametrize(
    ("given", "fitted"),
    [
        ({}, {"values": SMALL}),
        ({"values": "negative", "rate": 0.0}, {"values": SMALL, "rate": 0.0}),
        ({"values": "special"}, {"values": "special"}),
        ({"values": "zeros", "rate": 1.0}, {"values": "zeros", "rate": 0.5}),
    ],
)
def test_cases_of_noise_have_small_inputs(given: Any, fitted: Any) -> None:
    """They have no rate 1 either; NaN and zeros remain, for the exact properties."""
    assert fit(Case(**given), _NOISE.traits) == Case(**fitted)


@pytest.mark.parametrize("shape", strategies.BLOCK_SHAPES)
@pytest.mark.parametrize("dims", [(), (0,), (-1,)])
def test_a_case_that_the_subject_takes_is_unchanged(shape: Any, dims: Any) -> None:
    """A subject without restrictions gets the case itself."""
    case = Case(shape=shape, rate=1.0, values="negative", broadcast_dims=dims if shape else ())
    assert fit(case, _DROPOUT.traits) is case


@pytest.mark.parametrize("dtype", strategies.DTYPES)
def test_small_inputs_are_distinct_and_exact(dtype: str) -> None:
    """They are 1 to 61 times 2^-20, in every dtype that a property uses."""
    x = Case(values=SMALL, dtype=dtype).inputs()
    assert x.dtype == as_dtype(dtype)
    np.testing.assert_array_equal(np.ldexp(x.astype(np.float64), 20), 1 + np.arange(128) % 61)


def test_a_unit_that_comes_through() -> None:
    """In dropout it is not 0; in noise it is larger than its reference."""
    x = jnp.asarray([1.0, 2.0, 3.0])
    outputs = np.asarray([[0.0, 4.0, 6.0], [1.5, 2.0, -3.0]], np.float32)
    assert came_through(_DROPOUT, outputs, x).tolist() == [[False, True, True], [True, True, True]]
    assert came_through(_NOISE, outputs, x).tolist() == [[False, True, True], [True, False, False]]


def test_the_probability_of_noise_is_a_half_at_every_rate() -> None:
    """For dropout it is one minus the rate."""
    sampler = Sampler(_DROPOUT, Case(rate=0.1), "DP202")
    assert sampler.keep == keep_interval(0.1)
    low, high = replace(sampler, subject=_NOISE).keep
    assert (low + high) / 2 == 0.5
    assert high - low < 2.0**-18


def test_the_interval_of_noise_allows_for_rounding() -> None:
    """1 + noise rounds to 1 in float32 only for noise that the interval allows for."""
    rate = 0.001  # the smallest rate that is counted
    deviation = np.sqrt(rate / (1 - rate))
    for side in Sampler(_NOISE, Case(), "DP202").keep:
        noise = np.float32(deviation * stats.norm.ppf(side))
        assert np.float32(1) + noise != np.float32(1)
