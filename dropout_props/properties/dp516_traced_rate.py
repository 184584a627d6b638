"""DP516: a rate that is an argument of a compiled program acts like the same number."""

from functools import partial
from typing import Any

import jax
import numpy as np
from hypothesis.strategies import sampled_from

from dropout_props.properties.catalogue import Case, Sampler, Violation, exact, strategies
from dropout_props.properties.outputs import agree
from dropout_props.subjects.subject import Unsupported, WrongOutput

# Both the rate and 1 - rate are exact in every float dtype, so that one keep probability is right.
_RATES = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75)
_ANOTHER = {rate: _RATES[number - 1] for number, rate in enumerate(_RATES)}


@exact(
    "DP516",
    "a traced rate works",
    statement="A rate that is an argument of a compiled program gives the output of the same "
    "number in an eager call, for each rate that the program gets.",
    formula="f = jit(train): f(k, x, r) = train(k, x, r) for r = r1, r2 and 0",
    if_broken="A schedule of rates inside a compiled step drops at another rate than it says, or "
    "at one rate for ever.",
    assumes="Rates are multiples of 1/8, which no dtype rounds. A layer that raises on a traced "
    "rate misleads nobody: the property does not apply to it.",
    needs=("any_rate", "transforms"),
    blocked_by=("DP201", "DP401"),
    explained_by=("DP501",),
    killed_by=("traced_rate_forgotten", "traced_rate_unscaled"),
    cases=strategies.cases(
        rate=sampled_from(_RATES), pool=((128,), (5, 3)), values=("distinct", "negative")
    ),
    explicit=(Case(rate=0.25),),
    weight=8,
)
def traced_rate(sampler: Sampler) -> None:
    x, key = sampler.inputs(), sampler.key()

    def train(rate: Any, **options: bool) -> Any:
        return sampler.output(key, x, rate=rate, **options)

    try:
        jax.eval_shape(partial(train, expect_errors=True), sampler.case.rate)
    except WrongOutput as error:
        raise Violation(
            f"with a traced rate it returns {error.seen} instead of {error.expected}"
        ) from error
    except Exception as error:
        raise Unsupported(
            f"it refuses a traced rate ({type(error).__name__}), so that a jitted step is compiled "
            "for each rate of a schedule"
        ) from error
    program = jax.jit(train)
    begin = () if sampler.subject.traits.lacks("rate_zero") else (0.0,)  # of a schedule
    for rate in (sampler.case.rate, _ANOTHER[sampler.case.rate], *begin):
        expected = np.asarray(train(rate))
        agree(sampler, program(rate), expected, f"jit with the rate {rate:g} as argument")
