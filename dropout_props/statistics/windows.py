"""Finds two equal windows in masks, which do not occur by chance.

Question: do two windows of the given masks, at any two places, keep the same units, the opposite
units, or the same units in reverse order?
Guarantee: a returned pair is such a pair (each candidate is compared unit by unit), and None means
that there is no such pair. With independent units the chance of any pair is at most
``2**log2_chance_of_alike``; ``window_width`` makes it so small that no error budget is needed.
Cannot say: anything about windows that are almost equal; counts detect those.

A window of W units repeats at a distance d with probability at most max(keep, rate)**W, whether or
not the two overlap: each of the W equations determines one unit from another one, and no unit from
itself. The same holds for opposite windows. For a window and one read backwards the equations come
in pairs where the two overlap, so that half of them count, and windows twice as wide are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2
from typing import TYPE_CHECKING

import numpy as np

from dropout_props.statistics.arguments import require_at_least_one
from dropout_props.statistics.trials import Interval, as_probability

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bits = NDArray[np.bool_]
    Hashes = NDArray[np.uint64]

__all__ = ["Alike", "alike_windows", "log2_chance_of_alike", "window_width"]

_WORD = 64
_LEAST_WIDTH = 128
_MOST_WINDOWS = (
    2**26
)  # 1 GiB of hashes in both directions; of more windows, every second, fourth, ... counts
_CHUNK = 2**20
_FACTOR = 0x9E3779B97F4A7C15  # odd, its bits as good as random: that of SplitMix64


@dataclass(frozen=True)
class Alike:
    """Two windows that are equal, opposite or reversed.

    Args:
        first: number of a mask, and the start of the window in it.
        second: the same for the other window.
        width: number of units in each.
        opposite: whether one keeps the units that the other drops.
        backwards: whether the second is read in reverse; it starts at the unit that is read first.
    """

    first: tuple[int, int]
    second: tuple[int, int]
    width: int
    opposite: bool = False
    backwards: bool = False


def log2_chance_of_alike(num_windows: int, width: int, keep: Interval | float) -> float:
    """Return an upper bound of the chance that independent units have any such pair of windows.

    Args:
        num_windows: number of windows.
        width: units of a window that is compared forwards; in reverse, windows are twice as wide.
        keep: the keep probability, a number or an interval.

    Returns:
        The logarithm of the bound to base 2.
    """
    require_at_least_one(num_windows=num_windows, width=width)
    ends = as_probability(keep)
    likelier = max(ends.highest, 1.0 - ends.lowest)
    if likelier == 1.0:
        return 0.0
    # Each unordered pair forwards, and each ordered one in reverse, a window with itself included.
    pairs = num_windows * (num_windows - 1) / 2 + num_windows**2
    return log2(2 * pairs) + width * log2(likelier)


def window_width(num_windows: int, keep: Interval | float, *, log2_chance: float = -64.0) -> int:
    """Return the smallest width, of 128 units or more, with a chance below 2**log2_chance.

    Args:
        num_windows: number of windows.
        keep: the keep probability.
        log2_chance: the allowed chance, as in ``log2_chance_of_alike``.

    Raises:
        ValueError: units that are always or never kept give equal windows of any width.
    """
    ends = as_probability(keep)
    if ends.highest == 1.0 or ends.lowest == 0.0:
        msg = f"keep={keep!r}: where every unit may be kept, or dropped, all windows are alike."
        raise ValueError(msg)
    pairs = log2_chance_of_alike(num_windows, _LEAST_WIDTH, keep)
    per_unit = pairs - log2_chance_of_alike(num_windows, _LEAST_WIDTH + 1, keep)
    missing = (pairs - log2_chance) / per_unit
    return _LEAST_WIDTH + max(0, ceil(missing))


def alike_windows(masks: Sequence[Bits], *, width: int) -> Alike | None:
    """Return the first window that equals another one, with that one; or None.

    Args:
        masks: bool[size] each, in flat order.
        width: units of a window forwards, at least 64; in reverse, windows are twice as wide.
    """
    if width < _WORD:
        msg = f"width={width!r}: it must be at least {_WORD}. Compare wider windows."
        raise ValueError(msg)
    total = sum(mask.size for mask in masks)
    step = 1
    while total // step > _MOST_WINDOWS:
        step *= 2
    narrow = _Windows(masks, width, step, both_ways=False)
    return narrow.first_alike() or _Windows(masks, 2 * width, step, both_ways=True).first_alike()


@dataclass(frozen=True)
class _Windows:
    """All windows of one width that start at every ``step``-th unit, mask by mask.

    With ``both_ways``, the same windows follow, read in reverse.
    """

    masks: Sequence[Bits]
    width: int
    step: int
    both_ways: bool

    @property
    def counts(self) -> list[int]:
        """The number of windows of each mask."""
        return [max(0, (mask.size - self.width) // self.step + 1) for mask in self.masks]

    def first_alike(self) -> Alike | None:
        """Return the first window that equals a later one."""
        hashes = self._all_hashes()
        hashes.sort()
        repeated = np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
        del hashes  # it may be large, and is needed again only for a candidate
        if not repeated.size:
            return None
        hashes = self._all_hashes()
        for one in np.flatnonzero(np.isin(hashes, repeated)):
            for other in np.flatnonzero(hashes == hashes[one]):  # two hashes may be equal by chance
                found = self._compared(int(one), int(other)) if other > one else None
                if found is not None:
                    return found
        return None

    def _all_hashes(self) -> Hashes:
        """Hash each window such that equal and opposite windows have the same hash."""
        ways = (False, True) if self.both_ways else (False,)
        hashes = np.empty(len(ways) * sum(self.counts), np.uint64)
        filled = 0
        for backwards in ways:
            for mask, count in zip(self.masks, self.counts, strict=True):
                self._fill(hashes[filled : filled + count], mask, backwards=backwards)
                filled += count
        return hashes

    def _fill(self, hashes: Hashes, mask: Bits, *, backwards: bool) -> None:
        places = max(1, _CHUNK // self.step)
        for first in range(0, hashes.size, places):
            last = min(first + places, hashes.size)
            length = (last - 1 - first) * self.step + self.width
            piece = _piece(mask, first * self.step, length, backwards=backwards)
            hashes[first:last] = _hashes(piece, self.width)[:: self.step]

    def _compared(self, one: int, other: int) -> Alike | None:
        (first, _, content), (second, backwards, against) = self._at(one), self._at(other)
        equal = np.array_equal(content, against)
        if first == second or not (equal or np.array_equal(content, ~against)):
            return None
        return Alike(first, second, self.width, opposite=not equal, backwards=backwards)

    def _at(self, place: int) -> tuple[tuple[int, int], bool, Bits]:
        """Return mask and start of a window, whether it is read in reverse, and its units."""
        counts = self.counts
        backwards, place = divmod(place, sum(counts))
        number = 0
        while place >= counts[number]:
            place -= counts[number]
            number += 1
        mask, start = self.masks[number], place * self.step
        content = _piece(mask, start, self.width, backwards=bool(backwards))
        if backwards:
            start = mask.size - 1 - start
        return (number, start), bool(backwards), content


def _piece(mask: Bits, start: int, length: int, *, backwards: bool) -> Bits:
    if not backwards:
        return mask[start : start + length]
    end = mask.size - start
    return mask[end - length : end][::-1]


def _hashes(bits: Bits, width: int) -> Hashes:
    """Hash the window at each place, by doubling the width from 64 units on."""
    hashes = bits.astype(np.uint64)
    for length in (1, 2, 4, 8, 16, 32):
        hashes = (hashes[:-length] << np.uint64(length)) | hashes[length:]
    # The hash of the opposite window is the negative of this hash, minus ``turn``.
    turn, length, factor = 1, _WORD, _FACTOR
    while length < width:
        step = min(length, width - length)
        hashes = np.uint64(factor) * hashes[:-step] + hashes[step:]
        turn = (factor + 1) * turn % 2**_WORD
        length, factor = length + step, factor**2 % 2**_WORD
    return np.minimum(hashes, np.uint64(0) - hashes - np.uint64(turn))
