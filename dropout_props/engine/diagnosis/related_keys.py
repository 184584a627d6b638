"""Explanations that relate the masks of two keys, or of two calls."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.engine.diagnosis.evidence import agreement_bits, enough
from dropout_props.properties.sampler import folded, in_pieces
from dropout_props.subjects.keys import key_data
from dropout_props.subjects.operations import Repeat
from dropout_props.subjects.subject import SubjectError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropout_props.properties.sampler import Sampler
    from dropout_props.statistics import Interval

__all__ = ["related"]

_PAIRS = 80  # one coin a mask is enough at rate 1/2
_LARGEST = 2**13  # units of a mask that is drawn so often
_SMALL_SHIFTS = 65


def related(sampler: Sampler, keep: Interval) -> str:
    """Return how the second mask of a pair follows from the first, or nothing.

    Where all are one mask, it says so: there may be too few keys of a large mask to tell.
    """
    bits = agreement_bits(keep)
    if not enough(_PAIRS * bits):
        return ""
    small = replace(sampler, case=replace(sampler.case, shape=_cut(sampler.case.shape)))
    try:
        for words, first, second in _pairs(small):
            if (first == first[:1]).all() and np.array_equal(first, second):
                return "every key gives the same mask"
            found = _relation(first, second)
            if found:
                return f"{words} is {found}"
    except (SubjectError, Unsupported):  # it does not take the smaller shape
        pass
    return ""


def _cut(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape of few enough units: its longest axes are halved."""
    cut = list(shape)
    while prod(cut) > _LARGEST:
        longest = cut.index(max(cut))
        cut[longest] //= 2
    return tuple(cut)


def _pairs(sampler: Sampler) -> Iterator[tuple[str, np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Yield bool[_PAIRS, num_units] twice, for keys and calls that may have been mixed up."""
    seeds = (sampler.words(_PAIRS, role="seeds")[:, 0] >> 2) * 2
    masks = [_flat(sampler, in_pieces(jax.random.key, seeds + np.uint32(n))) for n in (0, 1)]
    yield "the mask of seed s + 1", masks[0], masks[1]
    words = key_data(sampler.words(_PAIRS, role="parents"))
    siblings = [_flat(sampler, in_pieces(partial(_sibling, n), words)) for n in (0, 1)]
    yield "the mask of the second of two split keys", siblings[0], siblings[1]
    numbers = [_flat(sampler, in_pieces(folded, words, seeds + np.uint32(n))) for n in (0, 1)]
    yield "the mask of a key folded with n + 1", numbers[0], numbers[1]
    if sampler.subject.traits.lacks("repeat") is None:
        calls = _two_calls(sampler, sampler.keys(_PAIRS, role="parents"))
        if calls is not None:
            yield "the mask of the second call", calls[:, 0], calls[:, 1]


def _sibling(number: int, words: Any) -> Any:
    return jax.random.split(jax.random.wrap_key_data(words))[number]


def _flat(sampler: Sampler, keys: jax.Array) -> np.ndarray[Any, Any]:
    return sampler.many_masks(keys).reshape(len(keys), -1)


def _two_calls(sampler: Sampler, keys: jax.Array) -> np.ndarray[Any, Any] | None:
    x, rate = sampler.inputs(), sampler.case.rate

    def twice(key: Any) -> Any:
        streams = sampler.streams(key)
        return jnp.stack(sampler.subject.run(Repeat(2), x, rate=rate, streams=streams))

    try:
        kept = sampler.masks_in(sampler.each(twice, keys))
    except (SubjectError, Unsupported):
        return None
    return kept.reshape(len(keys), 2, -1)


def _relation(first: np.ndarray[Any, Any], second: np.ndarray[Any, Any]) -> str:
    size = first.shape[1]
    if np.array_equal(first, second):
        return "a copy of the one before"
    if np.array_equal(first, ~second):
        return "the complement of the one before"
    if np.array_equal(first, second[:, ::-1]):
        return "the mirror image of the one before"
    powers = {2**k for k in range(size.bit_length())}
    for shift in sorted({*range(1, _SMALL_SHIFTS), *powers}):
        if 2 * shift > size:
            break
        ahead = np.array_equal(second[:, :-shift], first[:, shift:])
        behind = np.array_equal(first[:, :-shift], second[:, shift:])
        if ahead or behind:
            return f"the one before, shifted by {shift} units"
    return ""
