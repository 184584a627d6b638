"""DP107: the layer rejects a rate that is not a probability."""

import numpy as np

from dropout_props.properties.catalogue import Sampler, Violation, exact

_INVALID_RATES = (-0.5, 1.5, 50.0, float("inf"), float("-inf"), float("nan"))


@exact(
    "DP107",
    "invalid rates are rejected",
    statement="The layer rejects a rate below 0, above 1, infinite or NaN with an error.",
    formula="train(x, r) raises for r not in [0, 1]",
    if_broken="A rate given in percent drops everything, and a negative one nothing, without an "
    "error.",
    assumes="Any error counts as a rejection.",
    needs=("mask", "scaled", "any_rate"),
    blocked_by=(),
    killed_by=("rate_unchecked",),
    weight=8,
)
def invalid_rates(sampler: Sampler) -> None:
    accepted = []
    for rate in _INVALID_RATES:
        try:
            y = sampler.train(rate=rate, expect_errors=True)
        except Exception:  # noqa: BLE001, S112 (any error is a rejection)
            continue
        accepted.append(f"{rate:g} ({np.count_nonzero(y)} of {sampler.case.size} kept)")
    if accepted:
        raise Violation(f"accepted as a rate: {', '.join(accepted)}")
