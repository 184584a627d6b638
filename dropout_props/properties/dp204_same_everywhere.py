"""DP204: the keep rate is the same at every position."""

import numpy as np

from dropout_props.properties.by_position import by_position
from dropout_props.properties.catalogue import Case, Sampler, Trials, statistical
from dropout_props.properties.mask_cases import canonical
from dropout_props.statistics import Interval

_LARGE = 2**12  # units beyond which each single one would take too many masks
_LEVELS = (2, 4, 8)
_LEVELS_OF_LARGE = (2, 4, 8, 16, 32, 64)


def _families(keep: Interval, positions: np.ndarray, num_masks: int) -> tuple[Trials, ...]:
    flat = positions.reshape(-1)
    levels = _LEVELS_OF_LARGE if flat.size > _LARGE else _LEVELS
    parts = [part for level in levels for part in np.array_split(flat, level) if part.size]
    sizes = np.array([part.size for part in parts])
    sums = np.array([part.sum() for part in parts])
    if flat.size > _LARGE:
        return (Trials.of(sums, num_masks * sizes, keep, label="part of a large mask"),)
    families = [
        Trials.of(flat, num_masks, keep, label="one position"),
        Trials.of(sums, num_masks * sizes, keep, label="dyadic block"),
    ]
    if positions.ndim > 1:
        indices = [
            (positions.sum(axis=tuple(a for a in range(positions.ndim) if a != axis)), length)
            for axis, length in enumerate(positions.shape)
        ]
        successes = np.concatenate([sums for sums, _ in indices])
        trials = np.concatenate([np.full(n, num_masks * flat.size // n) for _, n in indices])
        families.append(Trials.of(successes, trials, keep, label="index along an axis"))
    return tuple(families)


@statistical(
    "DP204",
    "same keep rate everywhere",
    statement="The keep rate is the same at every position: at single units, edges and tails "
    "included, in halves, quarters and eighths, and at every index along every axis; in a large "
    "mask in parts down to a 64th.",
    formula="P(y[i] != 0) = 1 - rate for every position i",
    if_broken="Some units get more noise than others: the ends of a vector, padding, one feature.",
    assumes="DP201 holds. A wrong overall keep rate (DP202) fails here too.",
    level="core",
    explained_by=("DP306", "DP307", "DP202"),
    killed_by=(
        "position_ramp",
        "first_never_dropped",
        "last_never_dropped",
        "halves_differ",
        "large_tail_dropped_more",
    ),
    explicit=(*canonical(), *canonical((16, 33))[1:3], Case(shape=(512, 1024), rate=0.1)),
    discrepancies={
        "one position": 0.05,
        "dyadic block": 0.01,
        "part of a large mask": 0.02,
        "index along an axis": 0.02,
    },
    positions=_families,
)
def same_everywhere(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    return by_position(_families, sampler, block)
