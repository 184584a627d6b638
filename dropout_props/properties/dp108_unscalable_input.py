"""DP108: training rejects integer and boolean inputs, which cannot be scaled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax

from dropout_props.cases.case import Case
from dropout_props.cases.strategies import UNSCALABLE_DTYPES
from dropout_props.properties.declaration import Exact, Property, Violation
from dropout_props.properties.outputs import decisive_cases
from dropout_props.subjects.subject import WrongOutput

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler


def _check(sampler: Sampler) -> None:
    streams = sampler.streams(sampler.key())
    for dtype in UNSCALABLE_DTYPES:
        x = jax.device_put(sampler.case.inputs().astype(dtype))
        try:
            y = sampler.subject.call(
                x, rate=sampler.case.rate, training=True, streams=streams, expect_errors=True
            )
        except WrongOutput as error:
            raise Violation(f"{dtype}: no error; it returned {error.seen}") from error
        except (TypeError, ValueError):
            continue
        raise Violation(f"{dtype}: no error; it returned {y.dtype}, rounded")


PROPERTY = Property(
    id="DP108",
    name="integer inputs are rejected",
    sentence="In training the layer rejects integer and boolean inputs, which cannot hold x/keep, "
    "with a TypeError or a ValueError.",
    formula="train(x) raises for x of an integer or boolean dtype",
    means="Token ids or masks pass through dropout and come out rounded, or as floats.",
    assumes="DP112 says what evaluation must do with such an input.",
    mutants=("integers_promoted", "integers_rounded"),
    needs=("mask", "identity"),
    decision=Exact(
        cases=decisive_cases, check=_check, explicit=(Case(shape=(128,), rate=0.5),), weight=8
    ),
)
