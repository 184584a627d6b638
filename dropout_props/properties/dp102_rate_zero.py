"""DP102: at rate 0 a training call returns the input. DP111 asks whether it needs a key."""

import numpy as np
from hypothesis import strategies as st

from dropout_props.cases import strategies
from dropout_props.properties.bits import first_difference, same_bits
from dropout_props.properties.catalogue import Case, Sampler, Violation, exact
from dropout_props.properties.exact_cases import every_shape


@exact(
    "DP102",
    "rate 0 returns the input",
    statement="At rate 0 a training call returns its input, bit for bit.",
    formula="train(x, 0, key) = x, with any key",
    if_broken="Setting the rate to 0 does not switch dropout off.",
    level="core",
    needs=("mask", "any_rate"),
    blocked_by=(),
    killed_by=("rate0_scaled",),
    cases=every_shape(rate=st.just(0.0), dtypes=strategies.DTYPES),
    explicit=(Case(shape=(7,), rate=0.0),),
)
def rate_zero(sampler: Sampler) -> None:
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
