"""DP202: a unit is kept with probability 1 - rate."""

from dropout_props.properties.by_position import all_units, by_position
from dropout_props.properties.catalogue import Case, Sampler, Trials, statistical
from dropout_props.properties.mask_cases import CANONICAL, HALF_PRECISION, USUAL, block_cases


@statistical(
    "DP202",
    "keep rate is correct",
    statement="The layer keeps each unit with probability 1 - rate, whatever the input's dtype.",
    formula="P(y != 0) = 1 - rate, for x != 0",
    if_broken="The layer drops more or less than its rate says: rate and keep confused, a "
    "threshold rounded, a comparison off by one.",
    assumes="DP201 holds. The probability may be off by the grid of 2^-23 on which float32 "
    "uniforms lie.",
    level="core",
    explained_by=("DP306", "DP307"),
    killed_by=(
        "uniforms_of_input_dtype",
        "usual_rate_off",
        "bias_1pct",
        "bias_0.3pct",
        "bias_0.1pct",
        "rate_for_keep",
        "uint8_thresh",
        "bf16_floor",
    ),
    cases=block_cases,
    explicit=(*HALF_PRECISION, *(Case(rate=rate) for rate in (*CANONICAL[1:], *USUAL))),
    discrepancies={"all units": 0.0015},
    relative="all units",
    positions=all_units,
)
def keep_rate(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    return by_position(all_units, sampler, block)
