"""DP305: the number of units kept is odd as often as among independent units."""

from dropout_props.properties.declaration import Property, Statistical
from dropout_props.properties.mask_cases import canonical, keep_of, large_block_cases
from dropout_props.properties.sampler import Sampler
from dropout_props.statistics import Trials, odd_parity


def _observe(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    kept = sampler.block(block)  # bool[num_keys, *mask_shape], fresh keys
    counts = kept.reshape(len(kept), -1).sum(axis=1)
    null = odd_parity(keep_of(sampler), kept[0].size)
    return (Trials.of(int((counts % 2).sum()), len(kept), null, label="masks"),)


PROPERTY = Property(
    id="DP305",
    name="odd counts occur as expected",
    level="core",
    sentence="The number of units kept in a mask is odd as often as it is with independent units.",
    formula="P(an odd number of all n units is kept) = (1 - (1 - 2 keep)^n) / 2",
    means="The last unit follows from all others, as in a layer that keeps units in pairs.",
    assumes="DP201 holds. Masks of fresh keys are independent (DP402).",
    mutants=("even_count",),
    blocked_by=("DP201",),
    explained_by=("DP306", "DP307", "DP202", "DP204", "DP301", "DP303", "DP205"),
    needs=("mask",),
    decision=Statistical(
        cases=large_block_cases,
        observe=_observe,
        discrepancies={"masks": 0.05},
        explicit=canonical(),
    ),
)
