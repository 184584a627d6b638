"""Compare arrays bit for bit, and by units in the last place (ulp) of their own dtype.

How far a correct division may be off depends on the device: `rounding` says by how much.
"""

from __future__ import annotations

from functools import partial
from typing import Any, TypeAlias

import numpy as np

__all__ = [
    "Array",
    "adjacent",
    "differing",
    "divisors",
    "first_difference",
    "is_quotient",
    "rounding",
    "same_bits",
]

Array: TypeAlias = np.ndarray[Any, Any]

_SINGLE = 4  # bytes; shorter floats are divided in float32 and then rounded, on every device
_ULPS = {"cpu": 1, "gpu": 2}
_UNKNOWN = 32  # a TPU multiplies by an approximate reciprocal; XLA states no bound


def rounding(dtype: Any) -> int:
    """Return how many ulp a quotient may be off on the devices of this process.

    The CPU divides exactly, or multiplies by a rounded reciprocal: 1 ulp. XLA compiles divisions of
    float32 for a GPU to `div.full`, which is off by up to 2.

    Args:
        dtype: of the quotient.
    """
    import jax

    if np.dtype(dtype).itemsize < _SINGLE:
        return 1
    return _ULPS.get(jax.default_backend(), _UNKNOWN)


def _bits(array: Array) -> Array:
    return np.ascontiguousarray(array).reshape(-1).view(f"u{array.dtype.itemsize}")


def same_bits(a: Any, b: Any) -> bool:
    """Return whether two arrays have the same dtype, shape and bits, NaN payloads included."""
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def differing(a: Any, b: Any) -> int:
    """Return the number of units in which two arrays of one shape and dtype differ."""
    a, b = np.asarray(a), np.asarray(b)
    return int(np.count_nonzero(_bits(a) != _bits(b)))


def first_difference(seen: Any, expected: Any) -> str:
    """Return words for the first difference of two arrays: dtype, shape or unit."""
    seen, expected = np.asarray(seen), np.asarray(expected)
    if seen.dtype != expected.dtype:
        return f"dtype {seen.dtype} where {expected.dtype} was expected"
    if seen.shape != expected.shape:
        return f"shape {seen.shape} where {expected.shape} was expected"
    at = np.flatnonzero(_bits(seen) != _bits(expected))
    if not at.size:
        return "no difference"
    index = tuple(int(i) for i in np.unravel_index(at[0], seen.shape))
    return (
        f"{at.size} of {seen.size} units differ; at {list(index)} "
        f"{seen[index]!s} where {expected[index]!s} was expected"
    )


def _ordered(array: Array) -> Array:
    """Map floats of 8 to 64 bits to int64: neighbours differ by one, and ±0 are equal."""
    width = f"i{array.dtype.itemsize}"
    bits = np.ascontiguousarray(array).reshape(-1).view(width).astype(np.int64)
    return np.where(bits >= 0, bits, np.iinfo(width).min - bits).reshape(array.shape)


def adjacent(a: Array, b: Array, *, ulps: int = 1) -> Array:
    """Return which units of two arrays of one real dtype are at most so many ulp apart."""
    left, right = _ordered(a), _ordered(b)
    return (left <= right + ulps) & (right <= left + ulps)  # their difference may overflow


def divisors(keep: float, dtype: Any) -> list[float]:
    """Return the numbers that a correct layer may divide by, in place of `keep`.

    keep may be rounded to the dtype of the input first, and it may be 1 - float32(rate), as where
    the rate is an array: a scheduled rate, or one that a transform traces.
    """
    of_float32 = float(np.float32(1.0) - np.float32(1.0 - keep))
    found = (keep, float(np.asarray(keep).astype(dtype)), of_float32)
    return [one for one in dict.fromkeys(found) if one != 0.0]


def is_quotient(y: Array, x: Array, keep: float) -> Array:
    """Return where y is x/keep, for one of the `divisors`, to the `rounding` of its dtype."""
    right = np.zeros(y.shape, dtype=bool)
    near = partial(adjacent, ulps=rounding(y.dtype))
    with np.errstate(all="ignore"):
        for divisor in divisors(keep, y.dtype):
            quotient = (x.astype(np.float64) / divisor).astype(y.dtype)
            right |= np.where(np.isnan(quotient), np.isnan(y), near(y, quotient))
    return right
