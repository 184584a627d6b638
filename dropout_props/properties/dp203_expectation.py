"""DP203: the expectation of the output is the input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dropout_props.properties.by_position import by_position
from dropout_props.properties.declaration import Property, Statistical
from dropout_props.properties.mask_cases import block_cases, canonical
from dropout_props.statistics import Trials

if TYPE_CHECKING:
    import numpy as np

    from dropout_props.properties.sampler import Sampler
    from dropout_props.statistics import Interval


def _families(
    keep: Interval, positions: np.ndarray[Any, Any], num_masks: int
) -> tuple[Trials, ...]:
    flat = positions.reshape(-1)
    return (
        Trials.of(int(flat.sum()), flat.size * num_masks, keep, label="all elements"),
        Trials.of(flat, num_masks, keep, label="one element"),
    )


def _observe(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    return by_position(_families, sampler, block)


PROPERTY = Property(
    id="DP203",
    name="mean output equals the input",
    level="core",
    sentence="The expectation of the training output is the input, for each element and over all "
    "elements.",
    formula="E[y] = x, where y is 0 or x/keep: E[y]/x - 1 = P(kept)/keep - 1",
    means="Activations are larger or smaller in training than in evaluation.",
    assumes="DP201 holds, so the mean of y/x is the number of kept units over keep: no float is "
    "averaged.",
    mutants=("bias_1pct", "bias_0.3pct", "bias_0.1pct", "position_ramp", "first_never_dropped"),
    blocked_by=("DP201",),
    explained_by=("DP306", "DP307", "DP202", "DP204"),
    needs=("mask", "scaled"),
    decision=Statistical(
        cases=block_cases,
        observe=_observe,
        discrepancies={"all elements": 0.002, "one element": 0.05},
        explicit=canonical(),
        relative="all elements",
        positions=_families,
    ),
)
