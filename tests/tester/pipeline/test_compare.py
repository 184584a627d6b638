"""Comparing by units in the last place, in every width of float."""

import numpy as np
import pytest

from dropout_props.cases.case import as_dtype
from dropout_props.properties.bits import adjacent, is_quotient

_DTYPES = ("float8_e4m3fn", "float8_e5m2", "float16", "bfloat16", "float32", "float64")


@pytest.mark.parametrize("dtype", _DTYPES)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_neighbours_are_adjacent_and_others_are_not(dtype: str, sign: float) -> None:
    """One unit in the last place up or down is near; two are not."""
    one = np.array([1.5, 2.0, 7.0]) * sign
    x = one.astype(as_dtype(dtype))
    bits = x.view(f"u{x.dtype.itemsize}")
    for steps in range(-3, 4):
        moved = (bits + np.array(steps).astype(bits.dtype)).view(x.dtype)
        assert (adjacent(x, moved) == (abs(steps) <= 1)).all(), steps
        assert (adjacent(moved, x) == (abs(steps) <= 1)).all(), steps


@pytest.mark.parametrize("dtype", _DTYPES)
def test_zeros_are_one_value_and_signs_are_not(dtype: str) -> None:
    """Zeros of both signs are equal; 2 and -2, whose distance overflows in 64 bits, are far."""
    x = np.array([0.0, 1.0, 2.0, 4.0]).astype(as_dtype(dtype))
    minus = (-x.astype(np.float64)).astype(x.dtype)
    assert adjacent(x, minus).tolist() == [True, False, False, False]


@pytest.mark.parametrize("dtype", _DTYPES)
def test_a_quotient_is_told_from_its_neighbours_but_one(dtype: str) -> None:
    """x/keep and one unit off are quotients; x itself is none."""
    x = np.arange(1.0, 9.0).astype(as_dtype(dtype))
    y = (x.astype(np.float64) / 0.5).astype(x.dtype)
    above = (y.view(f"u{y.dtype.itemsize}") + 1).astype(f"u{y.dtype.itemsize}").view(y.dtype)
    assert is_quotient(y, x, 0.5).all()
    assert is_quotient(above, x, 0.5).all()
    assert not is_quotient(x, x, 0.5).any()
