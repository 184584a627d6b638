"""DP504: a forward pass that is recomputed for the backward pass has the same mask."""

import jax
import numpy as np

from dropout_props.properties.catalogue import Sampler, exact, transform_cases
from dropout_props.properties.outputs import agree
from dropout_props.subjects.compiled.adapter import in_one_program
from dropout_props.subjects.compiled.one_program import one_program


@exact(
    "DP504",
    "remat reuses the mask",
    statement="Under jax.checkpoint the output is the same, and the backward pass uses the mask of "
    "the forward pass.",
    formula="d sum(checkpoint(train)(k, x)) / dx = mask/keep",
    if_broken="Gradients flow through units that were dropped, and not through those that were "
    "kept.",
    assumes="DP201 holds.",
    needs=("mask", "scaled", "identity"),
    killed_by=("grad_fresh_mask",),
    cases=transform_cases,
    weight=4,
)
def remat(sampler: Sampler) -> None:
    train, key, x = sampler.output, sampler.key(), sampler.inputs()
    output = in_one_program(sampler.subject).call(
        x, rate=sampler.case.rate, training=True, streams=sampler.streams(key)
    )
    # The sum of the kept units: its gradient is 1/keep where the forward mask kept, else 0.
    slope = np.where(np.asarray(output) != 0, 1.0 / sampler.case.keep, 0.0).astype(x.dtype)

    remat = jax.checkpoint(train)
    loss = jax.grad(lambda inputs: remat(key, inputs).sum())
    forward, backward = one_program(lambda: (remat(key, x), loss(x)), split=False)
    agree(sampler, forward, output, "under jax.checkpoint")
    agree(sampler, backward, slope, "the gradient under jax.checkpoint")
    agree(sampler, jax.jit(loss)(x), slope, "the gradient under jit of jax.checkpoint")
