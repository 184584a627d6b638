"""The null of the keep probability, compared with all draws of each construction."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_props.statistics import Interval, keep_interval

RATES = [1e-6, 1e-3, 0.01, 0.05, 0.1, 0.25, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999, 1 - 1e-6]


@pytest.mark.parametrize("rate", RATES)
def test_every_correct_construction_lies_inside(rate: float) -> None:
    """Over all 2**23 draws of float32, each usual construction keeps a share inside the null."""
    draws = np.arange(2**23, dtype=np.float32) / np.float32(2**23)
    keep = np.float32(1.0 - rate)
    shares = {
        "uniform < keep": np.mean(draws < keep),
        "uniform < 1 - float32(rate)": np.mean(draws < np.float32(1) - np.float32(rate)),
        "uniform >= rate": np.mean(draws >= np.float32(rate)),
        "uniform > rate": np.mean(draws > np.float32(rate)),
        "32 bits, float64 keep": np.floor((1.0 - rate) * 2**32) / 2**32,
        "32 bits, float32 keep": np.ceil(float(keep) * 2**32) / 2**32,
        "the exact keep": 1.0 - rate,
    }
    lowest, highest = keep_interval(rate)
    outside = {name: share for name, share in shares.items() if not lowest <= share <= highest}
    assert not outside


@settings(deadline=None)  # a busy machine is slow
@given(st.floats(1e-6, 1 - 1e-6), st.sampled_from([7, 10, 23, 52]))
def test_the_interval_is_about_one_grid_step_each_side(rate: float, bits: int) -> None:
    """It is never so wide that it contains a fault of two steps of the grid."""
    lowest, highest = keep_interval(rate, bits)
    step = 2.0 ** -min(bits, 32)
    assert lowest <= 1 - rate <= highest
    assert 1 - rate - lowest <= 1.5 * step
    assert highest - (1 - rate) <= 1.5 * step


def test_both_ends_are_reached() -> None:
    """At rate 0.1 `u > rate` gives the lower end, and `u < keep` in float64 the upper one."""
    draws = np.arange(2**23, dtype=np.float32) / np.float32(2**23)
    lowest, highest = keep_interval(0.1)
    assert lowest == np.mean(draws > np.float32(0.1))
    assert highest == np.mean(draws.astype(np.float64) < 0.9)


def test_nothing_is_drawn_at_the_ends() -> None:
    """At the rates 0 and 1 the null is a certainty."""
    assert keep_interval(0.0) == Interval(1.0, 1.0)
    assert keep_interval(1.0) == Interval(0.0, 0.0)


@pytest.mark.parametrize(
    ("rate", "bits", "message"),
    [
        (1.5, 23, "probability=1.5 is not a probability"),
        (float("nan"), 23, "probability=nan is not a probability"),
        (0.5, 0, "mantissa_bits=0: it must be 1 to 52"),
        (0.5, 64, "mantissa_bits=64: it must be 1 to 52"),
    ],
)
def test_bad_arguments_are_named(rate: float, bits: int, message: str) -> None:
    """The message names the argument, its value and the rule."""
    with pytest.raises(ValueError, match=message):
        keep_interval(rate, bits)
