"""Comparison by units in the last place, for floats of every width."""

import numpy as np
import pytest

from dropout_props.cases.case import as_dtype
from dropout_props.subjects.rounding import adjacent, is_quotient

_DTYPES = ("float8_e4m3fn", "float8_e5m2", "float16", "bfloat16", "float32", "float64")


@pytest.mark.parametrize("dtype", _DTYPES)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_only_neighbours_are_adjacent(dtype: str, sign: float) -> None:
    """Numbers one unit in the last place apart are adjacent; two units apart they are not."""
    one = np.array([1.5, 2.0, 7.0]) * sign
    x = one.astype(as_dtype(dtype))
    bits = x.view(f"u{x.dtype.itemsize}")
    for steps in range(-3, 4):
        moved = (bits + np.array(steps).astype(bits.dtype)).view(x.dtype)
        assert (adjacent(x, moved) == (abs(steps) <= 1)).all(), steps
        assert (adjacent(moved, x) == (abs(steps) <= 1)).all(), steps


@pytest.mark.parametrize("dtype", _DTYPES)
def test_zeros_of_both_signs_are_adjacent_and_other_numbers_are_not(dtype: str) -> None:
    """2 and -2 are not adjacent, though their distance overflows in 64 bits."""
    x = np.array([0.0, 1.0, 2.0, 4.0]).astype(as_dtype(dtype))
    minus = (-x.astype(np.float64)).astype(x.dtype)
    assert adjacent(x, minus).tolist() == [True, False, False, False]


@pytest.mark.parametrize("dtype", _DTYPES)
def test_a_quotient_may_be_off_by_one_unit(dtype: str) -> None:
    """x/keep is a quotient, also one unit in the last place off; x is not."""
    x = np.arange(1.0, 9.0).astype(as_dtype(dtype))
    y = (x.astype(np.float64) / 0.5).astype(x.dtype)
    above = (y.view(f"u{y.dtype.itemsize}") + 1).astype(f"u{y.dtype.itemsize}").view(y.dtype)
    assert is_quotient(y, x, 0.5).all()
    assert is_quotient(above, x, 0.5).all()
    assert not is_quotient(x, x, 0.5).any()
