"""DP305: the number of units kept is odd as often as among independent units."""

from dropout_props.properties.catalogue import Sampler, Trials, statistical
from dropout_props.statistics import odd_parity


@statistical(
    "DP305",
    "odd counts occur as expected",
    statement="The number of units kept in a mask is odd as often as it is with independent units.",
    formula="P(an odd number of all n units is kept) = (1 - (1 - 2 keep)^n) / 2",
    if_broken="The last unit follows from all others, as in a layer that keeps units in pairs.",
    assumes="DP201 holds. Masks of fresh keys are independent (DP402).",
    level="core",
    explained_by=("DP306", "DP307", "DP202", "DP204", "DP301", "DP303", "DP205"),
    killed_by=("even_count",),
    discrepancies={"masks": 0.05},
)
def count_parity(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    kept = sampler.block(block)  # bool[num_keys, *mask_shape], fresh keys
    counts = kept.reshape(len(kept), -1).sum(axis=1)
    null = odd_parity(sampler.keep, kept[0].size)
    return (Trials.of(int((counts % 2).sum()), len(kept), null, label="masks"),)
