"""DP301: any two units of one mask are independent, at every lag, flat and along each axis."""

from math import prod

import numpy as np

from dropout_props.properties.catalogue import Case, Sampler, Trials, statistical
from dropout_props.properties.mask_cases import canonical, large_block_cases
from dropout_props.properties.mask_statistics import (
    MOST_PAIRED,
    any_pair,
    distant,
    distant_members,
    lag_counts,
    lag_members,
    lag_pairs,
    pair_agreements,
)
from dropout_props.statistics import Interval, agreement

_ALL_PAIRS = 200  # units of a mask up to which every pair is counted by itself
_LARGE = Case(shape=(512, 1024), rate=0.1)
_FLAT, _RARE, _DISTANT = "lag in flat order", "lag of few pairs", "lag of a power of two"
_AXIS, _MIRROR, _PAIR = "lag along an axis", "mirror image", "any two units"


def _families(
    keep: Interval, agree: np.ndarray, shape: tuple[int, ...], num_masks: int
) -> tuple[Trials, ...]:
    null, length = agreement(keep), len(agree)
    counts, pairs = lag_counts(agree), lag_pairs(length) * num_masks
    rare, half = is_rare(length), np.arange(length // 2)
    mirrored = int(agree[half, length - 1 - half].sum())
    families = [
        Trials.of(counts[~rare], pairs[~rare], null, label=_FLAT),
        Trials.of(counts[rare], pairs[rare], null, label=_RARE),
        Trials.of(mirrored, len(half) * num_masks, null, label=_MIRROR),
    ]
    if length <= _ALL_PAIRS:
        families.append(any_pair(agree, num_masks, null, _PAIR))
    for axis in range(len(shape)) if len(shape) > 1 else ():
        if shape[axis] > 1:
            counts = lag_counts(_along(agree, shape, axis))
            pairs = lag_pairs(shape[axis]) * (num_masks * length // shape[axis])
            families.append(Trials.of(counts, pairs, null, label=_AXIS))
    return tuple(families)


def _named(sampler: Sampler, label: str, which: int, member: int) -> str:
    first, second = members_of(sampler.mask_shape, label, which)[member]
    return f"{first} and {second}" if label == _PAIR else str(first)


@statistical(
    "DP301",
    "unit pairs are independent",
    statement="Any two units of one mask are independent: at every lag, in flat order and along "
    "each axis, at mirrored positions, and pair by pair; in a large mask at lags that are powers "
    "of two.",
    formula="P(both kept or both dropped) = keep^2 + rate^2 for units i and j, for every i and j",
    if_broken="Neighbours, rows or halves are kept and dropped together, so there are fewer "
    "independent units than it seems.",
    assumes="DP201 holds. The pairs of each lag are counted in two groups; within a group no two "
    "pairs share a unit.",
    level="core",
    explained_by=("DP306", "DP307", "DP202", "DP204"),
    killed_by=(
        "batch_shared",
        "one_pair_alike",
        "tile64",
        "rank1_mask",
        "dup4",
        "dup_strided",
        "half_mirror",
        "symmetric_mask",
        "neighbours_copied",
        "row_rates_drift",
        "tail_repeats_head",
        "odd_pairs_alike",
        "copied_afar",
    ),
    cases=lambda *given: large_block_cases(*given).filter(lambda case: case.size <= MOST_PAIRED),
    explicit=(*canonical(), *canonical((16, 33))[1:3], _LARGE),
    discrepancies={
        _FLAT: 0.03,
        _RARE: 0.15,
        _DISTANT: 0.01,
        _AXIS: 0.02,
        _MIRROR: 0.01,
        _PAIR: 0.1,
    },
    name_of=_named,
    pairs=_families,
)
def lags(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    kept = sampler.block(block)
    null = agreement(sampler.keep)
    flat = np.ascontiguousarray(kept.reshape(len(kept), -1).T)
    half = len(flat) // 2
    mirrored = int(np.count_nonzero(flat[:half] == flat[::-1][:half]))
    mirror = Trials.of(mirrored, half * flat.shape[1], null, label=_MIRROR)
    if len(flat) > MOST_PAIRED:
        return (distant(flat, null, _DISTANT), mirror)
    return _families(sampler.keep, pair_agreements(flat), kept.shape[1:], len(kept))


def _along(agree: np.ndarray, shape: tuple[int, ...], axis: int) -> np.ndarray:
    """Return how often units agree whose indices are equal but for one axis, summed over these."""
    by_axes = np.moveaxis(agree.reshape(shape * 2), (axis, len(shape) + axis), (0, 1))
    rest = agree.shape[0] // shape[axis]
    square = by_axes.reshape(shape[axis], shape[axis], rest, rest)
    return np.asarray(square.diagonal(axis1=2, axis2=3).sum(axis=-1))


def is_rare(length: int) -> np.ndarray:
    """Return for each of `lag_members` whether a mask has fewer than length/16 pairs of it.

    To promise as little of these as of the others would take more masks than all else together.
    """
    return np.asarray(16 * lag_pairs(length) < length)


def members_of(shape: tuple[int, ...], label: str, which: int) -> list[tuple[int, int]]:
    """Return lag and phase of each member of a family, or the two units of each.

    Args:
        shape: shape of a mask.
        label: label of the family.
        which: number of the family among those of that label.
    """
    size = prod(shape)
    if label == _PAIR:
        return list(zip(*(at.tolist() for at in np.triu_indices(size, 1)), strict=True))
    if label == _DISTANT:
        return distant_members(size)
    if label == _AXIS:
        return lag_members([length for length in shape if 1 < length <= MOST_PAIRED][which])
    chosen = np.flatnonzero(is_rare(size) == (label == _RARE))
    return [lag_members(size)[at] for at in chosen]
