"""DP202: a unit is kept with probability 1 - rate."""

from __future__ import annotations

from dropout_props.cases.case import Case
from dropout_props.properties.by_position import all_units, observe_all_units
from dropout_props.properties.declaration import Property, Statistical
from dropout_props.properties.mask_cases import (
    CANONICAL,
    HALF_PRECISION,
    USUAL,
    block_cases,
)

PROPERTY = Property(
    id="DP202",
    name="keep rate is correct",
    level="core",
    sentence="The layer keeps each unit with probability 1 - rate, whatever the input's dtype.",
    formula="P(y != 0) = 1 - rate, for x != 0",
    means="The layer drops more or less than its rate says: rate and keep confused, a threshold "
    "rounded, a comparison off by one.",
    assumes="DP201 holds. The probability may be off by the grid of 2^-23 on which float32 "
    "uniforms lie.",
    mutants=(
        "uniforms_of_input_dtype",
        "usual_rate_off",
        "bias_1pct",
        "bias_0.3pct",
        "bias_0.1pct",
        "rate_for_keep",
        "uint8_thresh",
        "bf16_floor",
    ),
    blocked_by=("DP201",),
    explained_by=("DP306", "DP307"),
    needs=("mask",),
    decision=Statistical(
        cases=block_cases,
        observe=observe_all_units,
        discrepancies={"all units": 0.0015},
        explicit=(
            *HALF_PRECISION,
            *(Case(shape=(128,), rate=rate) for rate in (*CANONICAL[1:], *USUAL)),
        ),
        relative="all units",
        positions=all_units,
    ),
)
