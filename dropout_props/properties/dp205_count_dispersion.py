"""DP205: the number of units kept varies from mask to mask like a binomial count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dropout_props.properties.declaration import Property, Statistical
from dropout_props.properties.mask_cases import canonical, keep_of, large_block_cases
from dropout_props.statistics import Trials, central_region, region_mass

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler


def _observe(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    kept = sampler.block(block)
    counts = kept.reshape(len(kept), -1).sum(axis=1)
    size, keep = kept[0].size, keep_of(sampler)
    first, last = central_region(size, keep)
    regions = {"low tail": (0, first - 1), "centre": (first, last), "high tail": (last + 1, size)}
    return tuple(
        Trials.of(
            int(np.count_nonzero((counts >= low) & (counts <= high))),
            len(counts),
            region_mass(size, keep, low, high),
            label=label,
        )
        for label, (low, high) in regions.items()
        if low <= high  # at a rate near 0 or 1 the centre reaches one end
    )


PROPERTY = Property(
    id="DP205",
    name="kept count is binomial",
    level="core",
    sentence="The number of units kept varies from mask to mask like a binomial count, in the "
    "centre and in both tails.",
    formula="P(a <= count <= b) = sum of Binomial(size, keep) from a to b, for three fixed regions",
    means="Units share randomness: every mask keeps exactly as many, or units are kept and dropped "
    "together.",
    assumes="DP201 holds. A wrong keep rate (DP202) fails here too.",
    mutants=("mask_rate_drifts", "exact_count", "batch_shared", "tile64", "rank1_mask"),
    blocked_by=("DP201",),
    explained_by=("DP306", "DP307", "DP202", "DP204", "DP301", "DP303"),
    needs=("mask",),
    decision=Statistical(
        cases=large_block_cases,
        observe=_observe,
        discrepancies={"low tail": 0.05, "centre": 0.05, "high tail": 0.05},
        explicit=(*canonical(), *canonical((16, 33))[1:3]),
    ),
)
