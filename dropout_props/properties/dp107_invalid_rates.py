"""DP107: a rate that is no probability is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property, Violation
from dropout_props.properties.outputs import decisive_cases

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

_NO_RATES = (-0.5, 1.5, 50.0, float("inf"), float("-inf"), float("nan"))


def _check(sampler: Sampler) -> None:
    x, streams = jnp.asarray(sampler.case.inputs()), sampler.streams(sampler.key())
    taken = []
    for rate in _NO_RATES:
        try:
            y = sampler.subject.call(
                x, rate=rate, training=True, streams=streams, expect_errors=True
            )
        except Exception:  # noqa: BLE001, S112 (whatever it raises, it refuses)
            continue
        taken.append(f"{rate:g} ({int(np.count_nonzero(np.asarray(y)))} of {x.size} kept)")
    if taken:
        raise Violation(f"taken for a rate: {', '.join(taken)}")


PROPERTY = Property(
    id="DP107",
    name="no rate is refused",
    sentence="A rate below 0, above 1, infinite or NaN is refused with an error.",
    formula="train(x, r) raises for r not in [0, 1]",
    means="A rate given in percent drops everything, a negative one nothing, in silence.",
    assumes="Any error will do.",
    mutants=("rate_unchecked",),
    needs=("mask", "scaled", "any_rate"),
    decision=Exact(
        cases=decisive_cases, check=_check, explicit=(Case(shape=(128,), rate=0.5),), weight=8
    ),
)
