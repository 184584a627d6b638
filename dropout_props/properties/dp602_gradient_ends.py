"""DP602: the gradient is 1 at rate 0, and 0 at rate 1."""

from functools import partial
from typing import Any

import jax
import numpy as np
from hypothesis import strategies as st

from dropout_props.properties.catalogue import Case, Sampler, Violation, exact, strategies
from dropout_props.subjects.compiled.one_program import one_program


@exact(
    "DP602",
    "gradient exact at rates 0/1",
    statement="At rate 0 VJP and JVP are the identity and at rate 1 they are 0, eagerly and under "
    "jit.",
    formula="dy/dx = 1 at rate 0, and 0 at rate 1",
    if_broken="Setting the rate to 0 or to 1 stops the training, or puts NaN into it.",
    assumes="The input is finite; DP103 covers the others at rate 1.",
    needs=("mask", "scaled", "identity", "any_rate", "rate_zero", "rate_one"),
    blocked_by=(),
    killed_by=("rate1_divides", "rate1_grad_nan", "rate0_no_gradient"),
    cases=strategies.cases(
        rate=st.sampled_from((0.0, 1.0)), pool=((128,), (5, 3), ()), values=("distinct", "negative")
    ),
    explicit=(Case(rate=0.0), Case(rate=1.0)),
)
def gradient_ends(sampler: Sampler) -> None:
    train, key, x = sampler.output, sampler.key(), sampler.inputs()
    numbers = np.arange(1.0, x.size + 1.0, dtype=x.dtype).reshape(x.shape)
    weights = jax.device_put(numbers)
    expected = numbers * np.asarray(1.0 - sampler.case.rate, x.dtype)

    def pulled_back(key: Any, inputs: Any) -> Any:
        return jax.vjp(partial(train, key), inputs)[1](weights)[0]

    gradients = {
        "VJP": pulled_back(key, x),
        "VJP under jit": one_program(lambda: jax.jit(pulled_back)(key, x)),
        "JVP": jax.jvp(partial(train, key), (x,), (weights,))[1],
    }
    for what, gradient in gradients.items():
        wrong = np.argwhere(np.asarray(gradient) != expected)
        if len(wrong):
            at = tuple(map(int, wrong[0]))
            raise Violation(
                f"rate {sampler.case.rate:g}: the {what} has {len(wrong)} wrong units, at {at} "
                f"{np.asarray(gradient)[at]!s} instead of {expected[at]!s}"
            )
