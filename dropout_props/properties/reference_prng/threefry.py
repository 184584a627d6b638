"""Threefry-2x32 with 20 rounds, and the fold_in and random bits that JAX builds on it.

References:
    Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", SC '11: the
    cipher, its rotations and its parity constant. The counters are those of JAX's documentation
    of `jax_threefry_partitionable`.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

__all__ = ["Words", "fold_in", "random_bits"]

Words: TypeAlias = "np.ndarray[Any, np.dtype[np.uint32]]"

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = np.uint32(0x1BD11BDA)
_GROUPS = 5  # of four rounds


def _rotated(words: Words, by: int) -> Words:
    return (words << np.uint32(by)) | (words >> np.uint32(32 - by))


def threefry2x32(key: Words, first: Words, second: Words) -> tuple[Words, Words]:
    """Encrypt pairs of counters.

    Args:
        key: uint32[2].
        first: uint32[n].
        second: uint32[n].

    Returns: uint32[n] twice.
    """
    schedule = (key[0], key[1], key[0] ^ key[1] ^ _PARITY)
    with np.errstate(over="ignore"):
        a, b = first + schedule[0], second + schedule[1]
        for group in range(_GROUPS):
            for by in _ROTATIONS[group % 2]:
                a = a + b
                b = _rotated(b, by) ^ a
            a = a + schedule[(group + 1) % 3]
            b = b + schedule[(group + 2) % 3] + np.uint32(group + 1)
    return a, b


def fold_in(key: Words, number: int) -> Words:
    """Return `key` folded with `number`, 0 <= number < 2**32."""
    counters = np.zeros(1, np.uint32), np.array([number], np.uint32)
    return np.concatenate(threefry2x32(key, *counters))


def random_bits(key: Words, size: int, *, partitionable: bool) -> Words:
    """Return uint32[size].

    Args:
        key: uint32[2].
        size: how many words.
        partitionable: whether each word is the exclusive or of the two words that encrypt its
            own 64-bit counter; else the counters 0, 1, ... are encrypted in pairs, one of the
            first half with one of the second.
    """
    if size == 0:
        return np.zeros(0, np.uint32)
    if partitionable:
        low = np.arange(size, dtype=np.uint32)
        a, b = threefry2x32(key, np.zeros_like(low), low)
        return a ^ b
    counters = np.arange(size + size % 2, dtype=np.uint32)
    counters[size:] = 0  # an odd count is filled up with a 0
    first, second = np.split(counters, 2)
    return np.concatenate(threefry2x32(key, first, second))[:size]
