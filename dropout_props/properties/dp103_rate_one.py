"""DP103: at rate 1 the output and the gradient are zeros, without NaN."""

from functools import partial

import jax
import numpy as np

from dropout_props.properties.catalogue import Case, Sampler, exact
from dropout_props.properties.exact_cases import rate_one_cases
from dropout_props.properties.outputs import require_zeros
from dropout_props.subjects.compiled.one_program import one_program


@exact(
    "DP103",
    "rate 1 returns zeros",
    statement="At rate 1 the training output and its gradient are all zeros, whatever the input, "
    "NaN and infinity included.",
    formula="train(x, 1, key) = 0 and d train(x, 1, key)/dx = 0, for x = NaN and ±inf too",
    if_broken="Dividing by a keep probability of 0 puts NaN into the loss or the gradient.",
    needs=("mask", "scaled", "any_rate", "rate_one"),
    blocked_by=(),
    killed_by=("rate1_divides", "rate1_grad_nan"),
    cases=rate_one_cases,
    explicit=(Case(shape=(7,), rate=1.0),),
)
def rate_one(sampler: Sampler) -> None:
    x, forward = sampler.inputs(), partial(sampler.output, sampler.key(), rate=1.0)

    def with_gradient() -> tuple[jax.Array, jax.Array]:
        y, pull_back = jax.vjp(forward, x)
        (gradient,) = pull_back(jax.device_put(np.ones(y.shape, y.dtype)))
        return y, gradient

    for what, array in zip(("output", "gradient"), one_program(with_gradient), strict=True):
        require_zeros(array, f"rate 1: the {what}")
