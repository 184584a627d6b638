"""DP601: the gradient of the training output is mask/keep."""

from functools import partial
from typing import Any

import jax
import numpy as np

from dropout_props.properties.catalogue import Sampler, Violation, exact, transform_cases
from dropout_props.properties.outputs import agree
from dropout_props.subjects.compiled.one_program import one_program


@exact(
    "DP601",
    "gradient is mask/keep",
    statement="The gradient is mask/keep, by VJP and JVP, eagerly, under jit and under vmap, is 0 "
    "for a dropped unit even where the input is NaN, infinite or 0, and does not depend on the "
    "input.",
    formula="dy[i]/dx[j] = mask[i]/keep if i = j, else 0",
    if_broken="The network trains on another mask than its forward pass used, or on unscaled "
    "gradients.",
    assumes="DP201 holds, and the output at an input without zeros shows the mask.",
    level="core",
    needs=("mask", "scaled", "identity"),
    blocked_by=("DP201", "DP304"),
    killed_by=("grad_fresh_mask", "grad_no_scale", "grad_from_value", "grad_straight_through"),
    cases=transform_cases,
    weight=4,
)
def gradient(sampler: Sampler) -> None:
    train, key, x = sampler.output, sampler.key(), sampler.inputs()
    numbers = np.arange(1.0, x.size + 1.0, dtype=x.dtype).reshape(x.shape)
    weights, keep = jax.device_put(numbers), np.asarray(sampler.case.keep, x.dtype)
    slope = np.where(np.asarray(train(key, x)) != 0, numbers / keep, np.zeros_like(numbers))
    at = partial(train, key)

    def pulled_back(inputs: Any) -> Any:
        return jax.vjp(at, inputs)[1](weights)[0]

    agree(sampler, one_program(lambda: pulled_back(x)), slope, "the VJP")
    agree(sampler, jax.jit(pulled_back)(x), slope, "the VJP under jit")
    values = sampler.case.inputs()
    both = jax.device_put(np.stack([values, values + values]))
    rows = one_program(lambda: jax.vmap(pulled_back)(both))
    agree(sampler, rows, np.stack([slope, slope]), "the VJP under vmap")
    nonfinite = sampler.subject.traits.nonfinite
    special = jax.device_put(_special(values) if nonfinite else np.zeros_like(values))
    gradient = one_program(lambda: pulled_back(special))
    agree(sampler, gradient, slope, "the VJP at 0, NaN and infinity")
    forward = one_program(lambda: jax.jvp(at, (x,), (weights,))[1])
    agree(sampler, forward, slope, "the JVP")
    sloped = jax.grad(lambda inputs: (pulled_back(inputs) * weights).sum())
    curvature = one_program(lambda: sloped(x))
    if np.any(np.asarray(curvature) != 0):
        raise Violation("the second derivative is not 0: the layer is not linear in its input")


def _special(x: np.ndarray) -> np.ndarray:
    """The input with 0, NaN and both infinities in place of most of its units."""
    values = np.asarray([0.0, np.nan, np.inf, -np.inf, -0.0], x.dtype)
    at = np.arange(x.size).reshape(x.shape)
    return np.where(at % 6 < 5, values[at % 6 % 5], x)  # noqa: PLR2004 (one in six stays)
