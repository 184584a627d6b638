"""The keep probabilities of correct layers, whose arithmetic is rounded.

Question: with which probability does a correct layer keep a unit, if keep = 1 - rate is intended?
Guarantee: the interval contains the result of every usual construction and is the smallest that
does; its ends are about one step of the grid from 1 - rate at most.
Cannot say: which of the constructions a layer uses (property 206 measures that).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from dropout_props.statistics.trials import Interval, as_probability

__all__ = ["keep_interval"]

_INTEGER_BITS = 32
_FLOAT64_BITS = 52


def keep_interval(rate: float, mantissa_bits: int = 23) -> Interval:
    """Return the null of the keep probability: every value of a correct construction.

    ``jax.random.uniform`` gives u on a grid of 2**-mantissa_bits, and the keep rate itself is
    rounded to the float type. These count as correct: u < keep, its rounding down, u >= rate,
    u > rate, and a threshold on 32 random bits, each from 1 - rate in float64 or rounded.

    Args:
        rate: the drop rate, in [0, 1].
        mantissa_bits: 23 for float32, 10 for float16, 7 for bfloat16, 52 for float64.

    Returns:
        The smallest interval that contains them. At the rates 0 and 1 it is exactly 1 and 0.

    Raises:
        ValueError: the rate is outside [0, 1], or the bits are outside 1 to 52.
    """
    as_probability(rate)
    if not 1 <= mantissa_bits <= _FLOAT64_BITS:
        msg = f"mantissa_bits={mantissa_bits!r}: it must be 1 to 52, as in 23 for float32."
        raise ValueError(msg)
    if rate in (0.0, 1.0):
        return Interval(1.0 - rate, 1.0 - rate)
    keep = 1.0 - rate
    rounded_rate = _rounded(rate, mantissa_bits)
    keeps = [keep, _rounded(keep, mantissa_bits), _rounded(1.0 - rounded_rate, mantissa_bits)]
    values = [keep]
    for one in keeps:
        values += [_on_grid(one, mantissa_bits, to) for to in (math.floor, math.ceil)]
        values += [_on_grid(one, _INTEGER_BITS, to) for to in (math.floor, math.ceil)]
    for one in (rate, rounded_rate):
        dropped = _on_grid(one, mantissa_bits, math.ceil)  # u < rate
        at_most = _on_grid(one, mantissa_bits, math.floor) + 2.0**-mantissa_bits  # u <= rate
        values += [1.0 - dropped, 1.0 - at_most]
    return Interval(max(min(values), 0.0), min(max(values), 1.0))


def _rounded(value: float, mantissa_bits: int) -> float:
    """Round to a float of that many mantissa bits, half to even."""
    mantissa, exponent = math.frexp(value)
    steps = 2.0 ** (mantissa_bits + 1)  # the leading bit is not stored
    return math.ldexp(round(mantissa * steps) / steps, exponent)


def _on_grid(value: float, bits: int, to_integer: Callable[[float], int]) -> float:
    return to_integer(value * 2.0**bits) / 2.0**bits
