"""DP511: the framework's remat changes neither the output nor the gradient."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.properties.catalogue import Sampler, exact
from dropout_props.properties.outputs import agree
from dropout_props.properties.transforms import TIMES, same_as_plain
from dropout_props.subjects.compiled.adapter import in_one_program
from dropout_props.subjects.compiled.one_program import one_program
from dropout_props.subjects.operations import Under
from dropout_props.subjects.traits import Ability

_SHOWS_MASK: tuple[Ability, ...] = ("mask", "scaled", "identity")


@exact(
    "DP511",
    "framework remat reuses masks",
    statement="Under nn.remat and nnx.remat several calls give the outputs of plain calls, and "
    "each backward pass uses the mask of its own forward pass.",
    formula="remat(layer)(x) = layer(x); d sum(y_n)/dx = mask_n/keep",
    if_broken="The backward pass drops other units than the forward pass did.",
    assumes="DP201 holds. The gradient of a model that shows no mask is compared with that of the "
    "plain call.",
    needs=("lifted",),
    killed_by=("grad_fresh_mask",),
    weight=16,
)
def framework_remat(sampler: Sampler) -> None:
    same_as_plain(sampler, "remat")
    if not jnp.issubdtype(jnp.dtype(sampler.case.dtype), jnp.inexact):
        return  # token ids have no gradient
    case, subject, x = sampler.case, sampler.subject, sampler.inputs()
    options: dict[str, Any] = {"rate": case.rate, "streams": sampler.streams(sampler.key())}

    def remat(x: Any) -> Any:  # the last call, so that the mask of an earlier one shows
        return subject.run(Under("remat", TIMES), x, **options)[-1].sum()

    def plain(x: Any) -> Any:
        return subject.run(Under("plain", TIMES), x, **options)[-1].sum()

    if any(map(subject.traits.lacks, _SHOWS_MASK)):
        slope = one_program(lambda: jax.grad(plain)(x))
    else:
        last = in_one_program(subject).run(Under("plain", TIMES), x, **options)[-1]
        slope = np.where(np.asarray(last) != 0, 1.0 / case.keep, 0.0).astype(x.dtype)
    gradient = one_program(lambda: jax.grad(remat)(x))
    agree(sampler, gradient, slope, "the gradient of the last call under remat")
