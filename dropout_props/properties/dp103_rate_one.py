"""DP103: at rate 1 the output and the gradient are zeros, without NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import numpy as np

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property
from dropout_props.properties.outputs import rate_one_cases, require_zeros

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler


def _check(sampler: Sampler) -> None:
    x = sampler.inputs()
    streams = sampler.streams(sampler.key())

    def forward(inputs: jax.Array) -> jax.Array:
        return sampler.subject.call(inputs, rate=1.0, training=True, streams=streams)

    y, pull_back = jax.vjp(forward, x)
    (gradient,) = pull_back(jax.device_put(np.ones(y.shape, y.dtype)))
    for what, array in (("output", y), ("gradient", gradient)):
        require_zeros(array, f"rate 1: the {what}")


PROPERTY = Property(
    id="DP103",
    name="rate 1 returns zeros",
    sentence="At rate 1 the training output and its gradient are all zeros, whatever the input, "
    "NaN and infinity included.",
    formula="train(x, 1, key) = 0 and d train(x, 1, key)/dx = 0, for x = NaN and ±inf too",
    means="Dividing by a keep probability of 0 puts NaN into the loss or the gradient.",
    assumes="Nothing.",
    mutants=("rate1_divides", "rate1_grad_nan"),
    needs=("mask", "scaled", "any_rate", "rate_one"),
    decision=Exact(
        cases=rate_one_cases,
        check=_check,
        explicit=(Case(shape=(7,), rate=1.0),),
    ),
)
