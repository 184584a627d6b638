"""Compare arrays bit for bit. `subjects.rounding` compares them up to rounding."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

__all__ = [
    "Array",
    "differing",
    "first_difference",
    "same_bits",
]

Array: TypeAlias = np.ndarray[Any, Any]


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
