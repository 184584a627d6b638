"""DP102: at rate 0 a training call returns the input. DP111 asks whether it needs a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from dropout_props.cases import strategies
from dropout_props.cases.case import Case
from dropout_props.properties.bits import first_difference, same_bits
from dropout_props.properties.declaration import Exact, Property, Violation

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler


def _check(sampler: Sampler) -> None:
    subject = sampler.subject
    x = sampler.inputs()
    reference = np.asarray(subject.reference(x))
    streams = sampler.streams(sampler.key())
    try:
        y = np.asarray(
            subject.call(x, rate=0.0, training=True, streams=streams, expect_errors=True)
        )
    except Exception as error:
        seen = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        raise Violation(f"rate 0 raised {seen}") from error
    if not same_bits(y, reference):
        raise Violation(f"rate 0: {first_difference(y, reference)}")


PROPERTY = Property(
    id="DP102",
    name="rate 0 returns the input",
    level="core",
    sentence="At rate 0 a training call returns its input, bit for bit.",
    formula="train(x, 0, key) = x, with any key",
    means="Setting the rate to 0 does not switch dropout off.",
    assumes="Nothing.",
    mutants=("rate0_scaled",),
    needs=("mask", "any_rate"),
    decision=Exact(
        cases=lambda profile, _: strategies.cases(
            rate=st.just(0.0),
            pool=strategies.WIDE_SHAPES if profile.wide_pools else strategies.SHAPES,
            dtypes=strategies.DTYPES,
        ),
        check=_check,
        explicit=(Case(shape=(7,), rate=0.0),),
    ),
)
