"""DP301: units of one mask are independent at every lag, flat and along each axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dropout_props.properties.declaration import Property, Statistical
from dropout_props.properties.mask_cases import canonical, keep_of, large_block_cases
from dropout_props.properties.mask_statistics import lags
from dropout_props.statistics import Trials, agreement

if TYPE_CHECKING:
    from hypothesis import strategies as st

    from dropout_props.cases.case import Case
    from dropout_props.cases.profiles import Profile
    from dropout_props.properties.sampler import Sampler
    from dropout_props.subjects.subject import Traits

_LARGEST = 600  # units in flat order; counting all lags costs the square of that


def _observe(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    kept = sampler.block(block)
    null = agreement(keep_of(sampler))
    flat = np.ascontiguousarray(kept.reshape(len(kept), -1).T)
    half = len(flat) // 2
    mirrored = int(np.count_nonzero(flat[:half] == flat[::-1][:half]))
    families = [
        lags(flat[:_LARGEST], null, "lag in flat order"),
        Trials.of(mirrored, half * flat.shape[1], null, label="mirror image"),
    ]
    if kept.ndim > 2:  # noqa: PLR2004 (the keys are one axis: a mask has two or more)
        for axis in range(1, kept.ndim):
            along = np.moveaxis(kept, axis, 0).reshape(kept.shape[axis], -1)
            if 1 < len(along) <= _LARGEST:
                families.append(lags(np.ascontiguousarray(along), null, "lag along an axis"))
    return tuple(families)


def _cases(profile: Profile, traits: Traits) -> st.SearchStrategy[Case]:
    return large_block_cases(profile, traits).filter(lambda case: case.size <= _LARGEST)


PROPERTY = Property(
    id="DP301",
    name="unit pairs are independent",
    level="core",
    sentence="Two units of one mask are independent at every lag, in flat order and along each "
    "axis, and at mirrored positions.",
    formula="P(both kept or both dropped) = keep^2 + rate^2 for units i and i + L, for every L",
    means="Neighbours, rows or halves are kept and dropped together, so there are fewer "
    "independent units than it seems.",
    assumes="DP201 holds. At each lag only pairs that share no unit are counted.",
    mutants=(
        "batch_shared",
        "tile64",
        "rank1_mask",
        "dup4",
        "dup_strided",
        "half_mirror",
        "symmetric_mask",
        "neighbours_copied",
        "row_rates_drift",
        "tail_repeats_head",
    ),
    blocked_by=("DP201",),
    needs=("mask",),
    decision=Statistical(
        cases=_cases,
        observe=_observe,
        discrepancies={
            "lag in flat order": 0.03,
            "mirror image": 0.01,
            "lag along an axis": 0.02,
        },
        explicit=(*canonical(), *canonical((16, 33))[1:3]),
    ),
)
