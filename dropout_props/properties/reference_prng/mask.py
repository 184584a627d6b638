"""From a key to a mask: 32 random bits, 23 of them a uniform number, and a comparison."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_props.properties.reference_prng.threefry import random_bits

if TYPE_CHECKING:
    from dropout_props.properties.reference_prng.threefry import Words

__all__ = ["bernoulli"]

_EXPONENT_OF_ONE = np.uint32(0x3F800000)
_SPARE_BITS = np.uint32(32 - 23)


def bernoulli(
    key: Words, keep_rate: float, shape: tuple[int, ...], *, partitionable: bool
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return the mask of a key, bool of `shape`: True where the uniform number is below keep.

    Args:
        key: uint32[2].
        keep_rate: the keep probability; it is rounded to float32.
        shape: of the mask.
        partitionable: see `random_bits`.
    """
    bits = random_bits(key, prod(shape), partitionable=partitionable)
    uniform = ((bits >> _SPARE_BITS) | _EXPONENT_OF_ONE).view(np.float32) - np.float32(1)
    return (uniform < np.float32(keep_rate)).reshape(shape)
