"""A training step whose dropout is wired wrongly in two places, and the same step mended.

It is what `docs/recording.md` walks through: `dropout-props audit` names both faults.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

__all__ = ["Classifier", "eight_steps", "mended_steps", "one_step"]

STEPS, BATCH, FEATURES = 8, 16, 64


class Block(nn.Module):
    """A residual layer with dropout."""

    rate: float = 0.1

    @nn.compact
    def __call__(self, x: Any, *, deterministic: bool = True) -> Any:
        """Apply the layer."""
        hidden = nn.gelu(nn.Dense(FEATURES)(x))
        hidden = nn.Dropout(self.rate)(hidden, deterministic=deterministic)
        return x + nn.Dense(FEATURES)(hidden)


class Classifier(nn.Module):
    """Two blocks, of which the second is given the mode if `mended`."""

    mended: bool

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        """Apply the model."""
        x = Block(name="block_0")(x, deterministic=not train)
        if self.mended:
            return Block(name="block_1")(x, deterministic=not train)
        return Block(name="block_1")(x)  # the default is evaluation mode


def _same_key(root: Any, number: Any) -> Any:
    """Give every step one key."""
    del number
    return root


def _train(model: nn.Module, key_of: Callable[[Any, Any], Any], steps: int) -> Any:
    """Train for a few steps, and return the losses."""
    root = jax.random.key(1)
    x = jnp.ones((BATCH, FEATURES))
    params = model.init(jax.random.key(0), x, train=False)

    @jax.jit
    def step(params: Any, number: Any) -> Any:
        def loss(params: Any) -> Any:
            rngs = {"dropout": key_of(root, number)}
            outputs: Any = model.apply(params, x, train=True, rngs=rngs)
            return jnp.mean((outputs - x) ** 2)

        value, grads = jax.value_and_grad(loss)(params)
        return jax.tree_util.tree_map(lambda p, g: p - 0.1 * g, params, grads), value

    losses = []
    for number in range(steps):
        params, value = step(params, number)
        losses.append(value)
    return jnp.stack(losses)


def eight_steps() -> Any:
    """Train the wrong program: one key for all steps, and a block left in evaluation mode."""
    return _train(Classifier(mended=False), _same_key, STEPS)


def one_step() -> Any:
    """Take one step of the wrong program, as `dropout-props sites` traces it."""
    return _train(Classifier(mended=False), _same_key, 1)


def mended_steps() -> Any:
    """Train the mended program."""
    return _train(Classifier(mended=True), jax.random.fold_in, STEPS)
