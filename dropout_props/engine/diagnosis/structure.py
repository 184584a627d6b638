"""Explanations that the masks of unrelated keys show by themselves."""

from __future__ import annotations

from math import log2, pi
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_props.engine.diagnosis.evidence import agreement_bits, enough

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dropout_props.statistics import Interval

__all__ = ["structure"]

_SMALL_PERIODS = 1025
_MATRIX = 2  # axes


def structure(kept: np.ndarray[Any, Any], keep: Interval, *, shared: Sequence[int] = ()) -> str:
    """Return what the masks have in common, or nothing.

    Args:
        kept: bool[num_keys, *shape], the units that each mask keeps.
        keep: the keep probability.
        shared: axes of the input along which the layer says that it shares its mask.
    """
    bits, rank = agreement_bits(keep), kept.ndim - 1
    if not bits:
        return ""
    # Units of one mask may depend on one another: what holds in every mask is a coin a mask.
    if kept.all() and enough(-len(kept) * log2(keep.highest)):
        return "nothing is dropped"
    if not kept.any() and enough(-len(kept) * log2(1.0 - keep.lowest)):
        return "everything is dropped"
    if (kept == kept[:1]).all() and enough((len(kept) - 1) * bits):
        return "every key gives the same mask"
    varying = [axis for axis in shared if (kept != kept.take([0], axis=axis + 1)).any()]
    constant = [axis for axis in range(rank) if _is_constant(kept, axis + 1, bits)]
    undeclared = [axis for axis in constant if axis not in shared]
    said = []
    if undeclared:
        tiles = "" if shared or undeclared != [0] else _tiles(kept, bits)
        said.append(tiles or f"the mask is constant along {_axes(undeclared, rank)}")
        if not (tiles or varying):
            said[0] += f" (if it is meant to be, declare {_declaration(undeclared, rank)})"
    if varying:
        said.append(
            f"the mask varies along {_axes(varying, rank)}, where the layer says that it shares it"
        )
    if said:
        return " and ".join(said)
    index = (slice(None), *(slice(0, 1) if axis in shared else slice(None) for axis in range(rank)))
    return _of_units(kept[index], keep, bits)


def _of_units(once: np.ndarray[Any, Any], keep: Interval, bits: float) -> str:
    """Return how the independent units of each mask are related, or nothing."""
    if (once == once[:1]).all():
        return ""  # one mask, drawn few times: `related` draws more keys
    flat = once.reshape(len(once), -1)
    return (
        _periodic(flat, _lengths(once.shape[1:]), bits)
        or _mirrored(once, bits)
        or _exact_count(flat, keep)
    )


def _tiles(kept: np.ndarray[Any, Any], bits: float) -> str:
    """Return the period of a mask whose equal rows are made of equal tiles, if they are."""
    period = _period(kept.reshape(len(kept), -1), _lengths(kept.shape[1:]), bits)
    return f"the mask has the period {period}" if 0 < period < kept[0, 0].size else ""


def _is_constant(kept: np.ndarray[Any, Any], axis: int, bits: float) -> bool:
    length = kept.shape[axis]
    if length == 1 or not enough(kept.size * (1 - 1 / length) * bits):
        return False
    return bool((kept == kept.take([0], axis=axis)).all())


def _declaration(axes: Sequence[int], rank: int) -> str:
    """Return the options by which a layer says that it shares its mask along these axes.

    A mask of two axes does not show which of the two is meant.
    """
    named = f"shared_axes={tuple(-1 if axis == rank - 1 else axis for axis in axes)}"
    if list(axes) != list(range(1, rank)):
        return named
    return f"{named} or shares_rest=True" if rank == _MATRIX else "shares_rest=True"


def _axes(axes: Sequence[int], rank: int) -> str:
    words = ["the last axis" if axis == rank - 1 else f"axis {axis}" for axis in axes]
    return " and ".join(words)


def _lengths(shape: Sequence[int]) -> Iterator[int]:
    """Yield the number of units of a row, of a plane, and so on."""
    length = 1
    for n in reversed(shape):
        length *= n
        yield length


def _periodic(flat: np.ndarray[Any, Any], lengths: Iterator[int], bits: float) -> str:
    period = _period(flat, lengths, bits)
    if period < 0:
        return f"each unit is the opposite of the one {-period} before it"
    return f"the mask has the period {period}" if period else ""


def _period(flat: np.ndarray[Any, Any], lengths: Iterator[int], bits: float) -> int:
    """Return the smallest period, below 0 where units are opposites; 0 without one."""
    num_keys, size = flat.shape
    powers = (2**k for k in range(size.bit_length()))
    for period in sorted({*range(1, _SMALL_PERIODS), *powers, *lengths}):
        rest = size - period
        if rest < period or not enough(num_keys * rest * bits):
            break
        if np.array_equal(flat[:, period:], flat[:, :-period]):
            return period
        if not (flat[:, period:] == flat[:, :-period]).any():
            return -period
    return 0


def _mirrored(once: np.ndarray[Any, Any], bits: float) -> str:
    flat = once.reshape(len(once), -1)
    half = flat.shape[1] // 2
    if enough(len(flat) * half * bits):
        agree = flat[:, :half] == flat[:, ::-1][:, :half]
        if agree.all():
            return "the mask is its own mirror image"
        if not agree.any():
            return "each unit is the opposite of its mirror image"
    if once.ndim > 2 and once.shape[-1] == once.shape[-2]:  # noqa: PLR2004 (the keys are one axis)
        length = once.shape[-1]
        pairs = once.size // length * (length - 1) / 2
        if enough(pairs * bits) and np.array_equal(once, np.swapaxes(once, -1, -2)):
            return "the mask is its own transpose"
    return ""


def _exact_count(flat: np.ndarray[Any, Any], keep: Interval) -> str:
    num_keys, size = flat.shape
    variance = size * keep.lowest * (1.0 - keep.highest)
    counts = flat.sum(axis=1)
    bits = (num_keys - 1) * log2(2 * pi * variance) / 2 if variance > 1.0 else 0.0
    if enough(bits) and (counts == counts[0]).all():
        return f"every mask keeps exactly {counts[0]} of {size} units"
    return ""
