"""DP504: a forward pass that is recomputed for the backward pass has the same mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property
from dropout_props.properties.outputs import agree, training_call, transform_cases
from dropout_props.subjects.one_program import one_program

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler


def _check(sampler: Sampler) -> None:
    train, key, x = training_call(sampler), sampler.key(), sampler.inputs()
    output = train(key, x)
    # The sum of the kept units: its gradient is 1/keep where the forward mask kept, else 0.
    slope = np.where(np.asarray(output) != 0, 1.0 / sampler.case.keep, 0.0).astype(x.dtype)

    def loss(layer: Any) -> Any:
        return jax.grad(lambda inputs: layer(key, inputs).sum())

    remat = jax.checkpoint(train)
    agree(sampler, remat(key, x), output, "under jax.checkpoint")
    agree(sampler, one_program(lambda: loss(remat)(x)), slope, "the gradient under jax.checkpoint")
    agree(sampler, jax.jit(loss(remat))(x), slope, "the gradient under jit of jax.checkpoint")


PROPERTY = Property(
    id="DP504",
    name="remat reuses the mask",
    sentence="Under jax.checkpoint the output is the same, and the backward pass uses the mask of "
    "the forward pass.",
    formula="d sum(checkpoint(train)(k, x)) / dx = mask/keep",
    means="Gradients flow through units that were dropped, and not through those that were kept.",
    assumes="DP201 holds.",
    mutants=("grad_fresh_mask",),
    blocked_by=("DP201",),
    needs=("mask", "scaled", "identity"),
    decision=Exact(
        cases=transform_cases,
        check=_check,
        explicit=(Case(shape=(128,), rate=0.5),),
        weight=4,
    ),
)
