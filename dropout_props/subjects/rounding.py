"""How far apart two right values may be: arrays compared by units in the last place (ulp).

How far a correct division may be off depends on the device: `rounding` says by how much.
"""

from __future__ import annotations

from functools import partial
from itertools import permutations
from typing import Any, TypeAlias, cast

import numpy as np

__all__ = [
    "Array",
    "adjacent",
    "are_close",
    "are_one_quotient",
    "divisors",
    "epsilon",
    "is_product",
    "is_quotient",
    "rounding",
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


def epsilon(dtype: Any) -> float:
    """Return the unit in the last place of 1 in a float dtype; 0 for any other dtype."""
    import jax.numpy as jnp

    is_float = jnp.issubdtype(dtype, jnp.inexact)
    return float(cast("Any", jnp).finfo(dtype).eps) if is_float else 0.0


def _ordered(array: Array) -> Array:
    """Map floats of 8 to 64 bits to int64: neighbours differ by one, and ±0 are equal."""
    width = f"i{array.dtype.itemsize}"
    bits = np.ascontiguousarray(array).reshape(-1).view(width).astype(np.int64)
    return np.where(bits >= 0, bits, np.iinfo(width).min - bits).reshape(array.shape)


def adjacent(a: Array, b: Array, *, ulps: int = 1) -> Array:
    """Return which units of two arrays of one real dtype are at most so many ulp apart."""
    left, right = _ordered(a), _ordered(b)
    return (left <= right + ulps) & (right <= left + ulps)  # their difference may overflow


def are_close(outputs: Any, expected: Any) -> Array:
    """Return which outputs are as expected, to a few units in the last place of their dtype."""
    outputs = np.asarray(outputs)
    relative = 8 * epsilon(outputs.dtype)
    expected = np.asarray(expected, np.float64)
    outputs = outputs.astype(np.float64)
    return np.isclose(outputs, expected, rtol=relative, atol=relative, equal_nan=True)


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


def is_product(y: Array, x: Array, keep: float) -> Array:
    """Return where y is keep times x, for one of the `divisors`, to the `rounding` of its dtype.

    At keep 0 a number that is not finite may become 0 or NaN, and a device may flush a product that
    is subnormal to 0.
    """
    import jax.numpy as jnp

    tiny = float(cast("Any", jnp).finfo(y.dtype).tiny)
    right = np.zeros(y.shape, dtype=bool)
    with np.errstate(all="ignore"):
        for factor in divisors(keep, y.dtype) or [0.0]:
            product = (x.astype(np.float64) * factor).astype(y.dtype)
            near = adjacent(y, product, ulps=rounding(y.dtype))
            flushed = (y == 0) & (np.abs(product) < tiny)
            right |= np.where(np.isnan(product), np.isnan(y), near | flushed)
    return right | ((y == 0) & ~np.isfinite(x)) if keep == 0.0 else right


def are_one_quotient(seen: Array, expected: Array, keep: float) -> Array:
    """Return where both are x/keep for one x, though each may divide by another rounding of keep.

    An eager call may divide by 1 - rate, and the same call under a transform by 1 - float32(rate).
    """
    exact = rounding(seen.dtype)
    alike = adjacent(seen, expected, ulps=1 if exact == 1 else 2 * exact)  # each may be off
    possible = divisors(keep, seen.dtype)
    with np.errstate(all="ignore"):
        for one, other in permutations(possible, 2):
            moved = (expected.astype(np.float64) * (one / other)).astype(seen.dtype)
            alike |= adjacent(seen, moved, ulps=2 * exact)
    return alike
