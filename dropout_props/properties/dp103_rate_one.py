"""DP103: at rate 1 the output and the gradient are zeros, without NaN."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import numpy as np
from hypothesis import strategies as st

from dropout_props.cases import strategies
from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property, Violation

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
        values = np.asarray(array).astype(np.float64)
        wrong = np.flatnonzero(~(values == 0))
        if wrong.size:
            raise Violation(
                f"rate 1: the {what} has {wrong.size} of {values.size} units other than 0, "
                f"the first is {values.reshape(-1)[wrong[0]]:g}"
            )


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
        cases=lambda profile, _: strategies.cases(
            rate=st.just(1.0),
            pool=strategies.WIDE_SHAPES if profile.wide_pools else strategies.SHAPES,
            dtypes=strategies.DTYPES,
        ),
        check=_check,
        explicit=(Case(shape=(7,), rate=1.0),),
    ),
)
