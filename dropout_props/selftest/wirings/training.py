"""What all programs share: data, the loss, plain gradient descent and the loop over steps.

The data come from NumPy, so that every draw of `jax.random` in a program is one of its model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.selftest.wirings.wiring import Record

__all__ = [
    "BATCH",
    "FEATURES",
    "RATE",
    "TOKENS",
    "batch",
    "descend",
    "first_kernel",
    "first_variables",
    "key_of_step",
    "squared_error",
    "train",
]

BATCH, TOKENS, FEATURES = 8, 16, 32
RATE = 0.25
LEARNING_RATE = 0.05


def batch(number: int) -> tuple[Any, Any]:
    """Make the inputs and targets of one step.

    Args:
        number: the number of the step.

    Returns:
        Two arrays float32[BATCH, TOKENS, FEATURES] without zeros, different for each step.
    """
    random = np.random.default_rng(number)
    x = random.standard_normal((BATCH, TOKENS, FEATURES), dtype=np.float32)
    return x, np.roll(x, 1, axis=1)


def squared_error(outputs: Any, targets: Any) -> Any:
    """Return the mean squared error, a scalar."""
    return jnp.mean((outputs - targets) ** 2)


def descend(params: Any, grads: Any) -> Any:
    """Take one step of plain gradient descent on a tree of parameters."""
    return jax.tree_util.tree_map(lambda p, g: p - LEARNING_RATE * g, params, grads)


def first_kernel(_key: Any, shape: tuple[int, ...], dtype: Any = np.float32, **_: Any) -> Any:
    """Make the first weights of a layer by NumPy: nothing is drawn from the key, or compiled."""
    random = np.random.default_rng(0)
    return jnp.asarray(random.standard_normal(shape) * shape[0] ** -0.5, dtype)


def first_variables(model: Any, *inputs: Any, **how: Any) -> Any:
    """Make the variables that a Linen model begins with.

    Their shapes are those of `model.init`, which is traced; their values come from NumPy, so that
    nothing is compiled, and nothing drawn, before the first step.

    Args:
        model: a Linen module.
        *inputs: what it is called with.
        **how: how it is called.

    Returns:
        Its variables.
    """
    shapes = jax.eval_shape(lambda key: model.init(key, *inputs, **how), jax.random.key(0))
    random = np.random.default_rng(0)

    def value(path: Any, leaf: Any) -> Any:
        name = str(path[-1].key)
        if name in ("scale", "var"):
            return jnp.ones(leaf.shape, leaf.dtype)
        if name in ("bias", "mean"):
            return jnp.zeros(leaf.shape, leaf.dtype)
        inputs_of_a_unit = leaf.size // leaf.shape[-1]  # at least, where layers are stacked
        weights = random.standard_normal(leaf.shape) * inputs_of_a_unit**-0.5
        return jnp.asarray(weights, leaf.dtype)

    return jax.tree_util.tree_map_with_path(value, shapes)


def key_of_step(root: Any, number: Any) -> Any:
    """Derive the key of step `number` from the root key: the right way."""
    return jax.random.fold_in(root, number)


def train(
    record: Record,
    steps: int,
    step: Callable[..., tuple[Any, Any]],
    state: Any,
    *,
    first: int = 0,
) -> tuple[Any, tuple[float, ...]]:
    """Run a training loop.

    Args:
        record: its `step` is called at the start of each step.
        steps: how many steps to take.
        step: `step(state, number, inputs, targets)` returns the new state and the loss.
        state: the state to begin with.
        first: the number of the first step.

    Returns:
        The trained state, and the loss of each step.
    """
    losses = []
    for number in range(first, first + steps):
        record.step()
        state, loss = step(state, number, *batch(number))
        losses.append(loss)
    return state, tuple(float(loss) for loss in losses)
