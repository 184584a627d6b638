"""DP304: the mask does not depend on the input."""

import jax
import numpy as np

from dropout_props.properties.catalogue import Case, Sampler, Violation, exact
from dropout_props.properties.exact_cases import every_shape

_VALUES = (2.0**-20, 0.3, 1.0, 1e4)
"""Sizes of activations: below and above 1, where they live, and at either end."""


@exact(
    "DP304",
    "the mask ignores the input",
    statement="Under one key the mask is the same for every input of one shape and dtype.",
    formula="mask(x, rate, k) = mask(x', rate, k) for all x, x' that are nowhere zero",
    if_broken="The sign or the size of the activations decides what is dropped: that is a "
    "nonlinearity, not noise.",
    assumes="The inputs, or what the model makes of them before its dropout, are nowhere zero.",
    level="core",
    needs=("mask", "scaled", "identity"),
    killed_by=("size_dependent", "small_dropped_more", "input_dependent", "sign_dependent"),
    cases=every_shape(rate=(0.1, 0.9), values=("distinct", "negative")),
    explicit=(Case(rate=0.5), Case(rate=0.1)),
    one_program=True,
)
def input_independence(sampler: Sampler) -> None:
    case, x = sampler.case, sampler.case.inputs()
    expected = sampler.train() != 0
    signs = 1 - 2 * (np.arange(case.size).reshape(case.shape) % 2)
    others = {
        "the negated input": -x,
        "the input times 4": (4 * x).astype(x.dtype),
        "the input backwards": x.reshape(-1)[::-1].reshape(x.shape),
        "the input with every second sign changed": (x * signs).astype(x.dtype),
    } | {f"an input of {value:g}": np.full_like(x, value) for value in _VALUES}
    for what, inputs in others.items():
        unlike = int(np.count_nonzero((sampler.train(jax.device_put(inputs)) != 0) != expected))
        if unlike:
            raise Violation(f"the same key with {what}: {unlike} of {case.size} units differ")
