"""DP108: integers and booleans, which cannot be scaled, are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp

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
        x = jnp.asarray(sampler.case.inputs()).astype(dtype)
        try:
            y = sampler.subject.call(
                x, rate=sampler.case.rate, training=True, streams=streams, expect_errors=True
            )
        except WrongOutput as error:
            raise Violation(f"{dtype}: no error; the answer is {error.seen}") from error
        except (TypeError, ValueError):
            continue
        raise Violation(f"{dtype}: no error; the answer is {y.dtype}, rounded")


PROPERTY = Property(
    id="DP108",
    name="integers are refused",
    sentence="In training, an input of integers or booleans is refused with a TypeError or a "
    "ValueError: x/keep is none.",
    formula="train(x) raises for x of an integer or boolean dtype",
    means="Token ids or masks pass through dropout, and come out rounded or as floats.",
    assumes="What evaluation does with such an input is for DP112.",
    mutants=("integers_promoted", "integers_rounded"),
    needs=("mask", "identity"),
    decision=Exact(
        cases=decisive_cases, check=_check, explicit=(Case(shape=(128,), rate=0.5),), weight=8
    ),
)
