"""The nearest case that a subject can be asked, and what of its output counts as a success."""

from dataclasses import replace
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from dropout_props.cases import strategies
from dropout_props.cases.case import SMALL, Case, as_dtype
from dropout_props.engine.adapt_case import fit
from dropout_props.properties.mask_cases import keep_of
from dropout_props.properties.sampler import Sampler, came_through
from dropout_props.selftest.kernel.build import kernel_subject
from dropout_props.selftest.kernel.kernel import Kernel
from dropout_props.statistics import keep_interval
from dropout_props.subjects.subject import Traits

_DROPOUT = kernel_subject(Kernel(), api="linen", name="control.reference")
_NOISE = replace(_DROPOUT, traits=replace(_DROPOUT.traits, law="noise"))
_ROWS = Traits(api="linen", shares_rest=True, min_rank=1)


@pytest.mark.parametrize("shape", strategies.WIDE_SHAPES)
def test_rows_are_as_many_as_units_were(shape: Any) -> None:
    """A mask that is shared along all axes but the first has as many units as the case had."""
    asked, units = Case(shape=shape), Case(shape=shape).size
    fitted = fit(asked, _ROWS)
    assert fitted.mask_shape == (units, *(1 for _ in shape[1:]))
    assert len(fitted.shape) == max(1, len(shape))
    assert fit(fitted, _ROWS) == fitted


@pytest.mark.parametrize("dims", [(), (0,), (-1,), (0, 1, 2)])
def test_rows_share_whatever_was_asked(dims: Any) -> None:
    """Other broadcast dims are none that such a layer can be asked."""
    assert fit(Case(shape=(6, 5, 8), broadcast_dims=dims), _ROWS).broadcast_dims == (1, 2)


@pytest.mark.parametrize(
    ("asked", "fitted"),
    [
        ({}, {"values": SMALL}),
        ({"values": "negative", "rate": 0.0}, {"values": SMALL, "rate": 0.0}),
        ({"values": "special"}, {"values": "special"}),
        ({"values": "zeros", "rate": 1.0}, {"values": "zeros", "rate": 0.5}),
    ],
)
def test_noise_is_asked_where_it_shows(asked: Any, fitted: Any) -> None:
    """Beside small inputs, and not at rate 1; NaN and zeros stay for the exact properties."""
    assert fit(Case(**asked), _NOISE.traits) == Case(**fitted)


@pytest.mark.parametrize("shape", strategies.BLOCK_SHAPES)
@pytest.mark.parametrize("dims", [(), (0,), (-1,)])
def test_a_dropout_is_asked_what_it_was(shape: Any, dims: Any) -> None:
    """A subject that can be asked everything is asked the case itself."""
    case = Case(shape=shape, rate=1.0, values="negative", broadcast_dims=dims if shape else ())
    assert fit(case, _DROPOUT.traits) is case


@pytest.mark.parametrize("dtype", strategies.DTYPES)
def test_small_inputs_are_distinct_and_exact(dtype: str) -> None:
    """61 of them, each 2^-20 times its whole number, in every dtype that a property uses."""
    x = Case(values=SMALL, dtype=dtype).inputs()
    assert x.dtype == as_dtype(dtype)
    np.testing.assert_array_equal(np.ldexp(x.astype(np.float64), 20), 1 + np.arange(128) % 61)


def test_what_comes_through_is_not_0_or_lies_above() -> None:
    """Of dropout what is not 0, of noise what is larger than its reference."""
    x = jnp.asarray([1.0, 2.0, 3.0])
    outputs = np.asarray([[0.0, 4.0, 6.0], [1.5, 2.0, -3.0]], np.float32)
    assert came_through(_DROPOUT, outputs, x).tolist() == [[False, True, True], [True, True, True]]
    assert came_through(_NOISE, outputs, x).tolist() == [[False, True, True], [True, False, False]]


def test_the_probability_of_noise_is_a_half_at_every_rate() -> None:
    """Of dropout it is one minus the rate."""
    sampler = Sampler(_DROPOUT, Case(rate=0.1), "DP202")
    assert keep_of(sampler) == keep_interval(0.1)
    low, high = keep_of(replace(sampler, subject=_NOISE))
    assert (low + high) / 2 == 0.5
    assert high - low < 2.0**-18


def test_what_the_interval_of_noise_leaves_out_is_not_rounded_away() -> None:
    """A factor 1 + noise differs from 1 in float32 for all but 2^-20 of either side."""
    rate = 0.001  # the least that is counted
    deviation = np.sqrt(rate / (1 - rate))
    for side in keep_of(Sampler(_NOISE, Case(), "DP202")):
        noise = np.float32(deviation * stats.norm.ppf(side))
        assert np.float32(1) + noise != np.float32(1)
