"""DP203: the expectation of the output is the input."""

import numpy as np

from dropout_props.properties.by_position import by_position
from dropout_props.properties.catalogue import Sampler, Trials, statistical
from dropout_props.properties.mask_cases import block_cases
from dropout_props.statistics import Interval


def _families(keep: Interval, positions: np.ndarray, num_masks: int) -> tuple[Trials, ...]:
    flat = positions.reshape(-1)
    return (
        Trials.of(int(flat.sum()), flat.size * num_masks, keep, label="all elements"),
        Trials.of(flat, num_masks, keep, label="one element"),
    )


@statistical(
    "DP203",
    "mean output equals the input",
    statement="The expectation of the training output is the input, for each element and over all "
    "elements.",
    formula="E[y] = x, where y is 0 or x/keep: E[y]/x - 1 = P(kept)/keep - 1",
    if_broken="Activations are larger or smaller in training than in evaluation.",
    assumes="With evaluation='scaled', x is the evaluation output. DP201 holds, so the mean of y/x "
    "is the number of kept units over keep: no float is averaged.",
    level="core",
    needs=("mask", "mean"),
    explained_by=("DP306", "DP307", "DP202", "DP204"),
    killed_by=("bias_1pct", "bias_0.3pct", "bias_0.1pct", "position_ramp", "first_never_dropped"),
    cases=block_cases,
    discrepancies={"all elements": 0.002, "one element": 0.05},
    relative="all elements",
    positions=_families,
)
def expectation(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    return by_position(_families, sampler, block)
