"""DP205: the number of units kept varies from mask to mask like a binomial count."""

import numpy as np

from dropout_props.properties.catalogue import Sampler, Trials, statistical
from dropout_props.properties.mask_cases import canonical
from dropout_props.statistics import central_region, region_mass


@statistical(
    "DP205",
    "kept count is binomial",
    statement="The number of units kept varies from mask to mask like a binomial count, in the "
    "centre and in both tails.",
    formula="P(a <= count <= b) = sum of Binomial(size, keep) from a to b, for three fixed regions",
    if_broken="Units share randomness: every mask keeps exactly as many, or units are kept and "
    "dropped together.",
    assumes="DP201 holds. A wrong keep rate (DP202) fails here too.",
    level="core",
    explained_by=("DP306", "DP307", "DP202", "DP204", "DP301", "DP303"),
    killed_by=("mask_rate_drifts", "exact_count", "batch_shared", "tile64", "rank1_mask"),
    explicit=(*canonical(), *canonical((16, 33))[1:3]),
    discrepancies={"low tail": 0.05, "centre": 0.05, "high tail": 0.05},
)
def count_dispersion(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    kept = sampler.block(block)
    counts = kept.reshape(len(kept), -1).sum(axis=1)
    size, keep = kept[0].size, sampler.keep
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
