"""Count pairs of units within a mask and between two, and groups of units at a stride.

Overlapping pairs or groups are not independent, so each member holds groups that share no unit;
members may depend on one another, and the engine averages their evidence.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_props.statistics import Interval, Trials

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

__all__ = [
    "MOST_PAIRED",
    "SHIFTED",
    "TWO_MASKS",
    "any_pair",
    "distant",
    "distant_members",
    "every_shift",
    "lag_counts",
    "lag_members",
    "lag_pairs",
    "lags",
    "pair_agreements",
    "parities",
    "shift_named",
    "two_masks",
]

SHIFTED = {"at every shift": 0.02, "reversed, at every shift": 0.02}
"""Labels of the families of `every_shift`, and the discrepancies that a pass excludes."""

TWO_MASKS = dict.fromkeys(("unit by unit", "reversed", "half-shifted"), 0.005) | SHIFTED
"""The same of `two_masks`."""

MOST_PAIRED = 600
"""Units of a mask up to which every pair is counted; that costs the square of them."""

_EXACT = 2**22  # masks in one product: float32 holds every integer below 2**24
_NEAR = 8  # every stride up to this is counted; beyond it, powers of two


def lags(masks: np.ndarray[Any, Any], null: Interval, label: str) -> Trials:
    """Count agreements at every lag, in both phases, along axis 0 of bool[length, num_masks]."""
    counts = lag_counts(pair_agreements(masks))
    return Trials.of(counts, lag_pairs(len(masks)) * masks.shape[1], null, label=label)


def lag_counts(agree: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the agreements of each of `lag_members`, of those of each two units."""
    members, of_pair = _members_of_pairs(len(agree))
    each = agree[np.triu_indices(len(agree), 1)]
    counts = np.bincount(of_pair, weights=each, minlength=members)  # exact: below 2**53
    return counts.astype(np.int64)


def lag_pairs(length: int) -> np.ndarray[Any, Any]:
    """Return how many pairs of units one mask has of each of `lag_members`."""
    members, of_pair = _members_of_pairs(length)
    return np.bincount(of_pair, minlength=members)


def lag_members(length: int) -> list[tuple[int, int]]:
    """Return the lag and phase of every group of pairs that a mask of this length has.

    At lag L the pairs (i, i + L) with i // L even, phase 0, share no unit, so each is one Bernoulli
    trial; the same holds for those with i // L odd, phase 1. Both phases together are all pairs.
    """
    return [
        (lag, phase) for lag in range(1, length) for phase in (0, 1) if phase * lag < length - lag
    ]


@lru_cache(maxsize=16)
def _members_of_pairs(length: int) -> tuple[int, np.ndarray[Any, Any]]:
    """Return how many `lag_members` there are, and to which each pair (i, j), i < j, belongs."""
    first, second = np.triu_indices(length, 1)
    members = lag_members(length)
    number = np.zeros((length, 2), np.int64)
    for at, (lag, phase) in enumerate(members):
        number[lag, phase] = at
    apart = second - first
    return len(members), number[apart, first // apart % 2]


def pair_agreements(masks: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return how often each two units agree, int64[length, length], of bool[length, num_masks].

    It is one product of matrices of +1 and -1 for all pairs.
    """
    agree = np.zeros((len(masks), len(masks)), np.int64)
    for start in range(0, masks.shape[1], _EXACT):
        signs = _signs(masks[:, start : start + _EXACT], np.float32)
        agree += (np.int64(signs.shape[1]) + (signs @ signs.T).astype(np.int64)) // 2
    return agree


def every_shift(
    first: np.ndarray[Any, Any], second: np.ndarray[Any, Any], null: Interval, prefix: str = ""
) -> tuple[Trials, Trials]:
    """Count agreements of a mask with every shift of a second one, and of its mirror image.

    A shift goes round the end, and within a member no two pairs share a unit. The shift 0 forwards
    is left out: it is the count unit by unit.

    Args:
        first: bool[num_pairs, length].
        second: bool[num_pairs, length], the other mask of each pair.
        null: the probability that two units agree.
        prefix: prefix of the labels of both families, which are those of `SHIFTED`.
    """
    forwards, backwards = (f"{prefix}{label}" for label in SHIFTED)
    return (
        Trials.of(_shifts(first, second)[1:], first.size, null, label=forwards),
        Trials.of(_shifts(first, second[:, ::-1]), first.size, null, label=backwards),
    )


def two_masks(
    first: np.ndarray[Any, Any], second: np.ndarray[Any, Any], null: Interval, prefix: str = ""
) -> tuple[Trials, ...]:
    """Count agreements of two masks: unit by unit, reversed, half-shifted, and at every shift.

    Args:
        first: bool[num_pairs, length].
        second: bool[num_pairs, length], the other mask of each pair.
        null: the probability that two units agree.
        prefix: prefix of the labels, which are those of `TWO_MASKS`.
    """
    orders = (second, second[:, ::-1], np.roll(second, second.shape[1] // 2, axis=1))
    return (
        *(
            Trials.of(int((first == other).sum()), first.size, null, label=f"{prefix}{label}")
            for label, other in zip(TWO_MASKS, orders, strict=False)
        ),
        *every_shift(first, second, null, prefix),
    )


def shift_named(_sampler: Sampler, label: str, _which: int, member: int) -> str:
    """Return the shift s of a member of `every_shift`: unit i of one mask, i + s of the other."""
    return str(member if "reversed" in label else member + 1)


def _shifts(first: np.ndarray[Any, Any], second: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return how often unit i of one mask agrees with unit i + s of the other, int64[length].

    The circular correlation of +1 and -1, by Fourier transforms. It is an integer of at most the
    number of trials, which float64 has to within 1e-6 at 1e9 trials, so rounding makes it exact.
    """
    one, two = (np.fft.rfft(_signs(masks, np.float64), axis=1) for masks in (first, second))
    correlation = np.fft.irfft((one.conj() * two).sum(axis=0), n=first.shape[1])
    return (first.size + np.rint(correlation).astype(np.int64)) // 2


def _signs(masks: np.ndarray[Any, Any], dtype: type[np.floating[Any]]) -> np.ndarray[Any, Any]:
    return np.where(masks, dtype(1), dtype(-1))


def any_pair(agree: np.ndarray[Any, Any], num_masks: int, null: Interval, label: str) -> Trials:
    """Count agreements of each pair of units (i, j) with i < j, a member each."""
    return Trials.of(agree[np.triu_indices(len(agree), 1)], num_masks, null, label=label)


def distant(masks: np.ndarray[Any, Any], null: Interval, label: str) -> Trials:
    """Count agreements at lags that are powers of two, along axis 0 of bool[length, num_masks].

    It is for masks with too many lags to count all. The phases are those of `lag_members`, of which
    only whole runs of 2 * lag units are counted.
    """
    counts, trials = [], []
    for lag, phase in distant_members(len(masks)):
        rest = masks[phase * lag :]
        runs = rest[: len(rest) // (2 * lag) * 2 * lag].reshape(-1, 2, lag, masks.shape[1])
        counts.append(int(np.count_nonzero(runs[:, 0] == runs[:, 1])))
        trials.append(runs[:, 0].size)
    return Trials.of(np.array(counts), np.array(trials), null, label=label)


def distant_members(length: int) -> list[tuple[int, int]]:
    """Return lag and phase of each member of `distant`."""
    powers = [2**k for k in range(length.bit_length())]
    return [(lag, phase) for lag in powers for phase in (0, 1) if (2 + phase) * lag <= length]


def parities(masks: np.ndarray[Any, Any], group: int, null: Interval, label: str) -> Trials:
    """Count groups of which an odd number is kept, along axis 0 of bool[length, num_masks].

    A group holds ``group`` units a stride apart. Runs of ``group * stride`` units are cut up
    into such groups without remainder; each phase of the runs is a member of its own.
    """
    odd, trials = [], []
    for stride in _strides(len(masks) // group):
        for phase in range(group):
            rest = masks[phase * stride :]
            runs = len(rest) // (group * stride)
            if runs == 0:
                break
            cut = rest[: runs * group * stride].reshape(runs, group, stride, -1)
            parity = np.bitwise_xor.reduce(cut, axis=1)
            odd.append(int(np.count_nonzero(parity)))
            trials.append(parity.size)
    return Trials.of(np.array(odd), np.array(trials), null, label=label)


def _strides(largest: int) -> list[int]:
    powers = {2**k for k in range(largest.bit_length())}
    return sorted({*range(1, min(_NEAR, largest) + 1), *powers, largest} - {0})
