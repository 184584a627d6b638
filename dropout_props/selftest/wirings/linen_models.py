"""Small Linen models with dropout, and a training program around any of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from flax import linen as nn

from dropout_props.selftest.wirings.training import (
    FEATURES,
    RATE,
    batch,
    descend,
    first_variables,
    key_of_step,
    squared_error,
    train,
)
from dropout_props.selftest.wirings.wiring import Outcome, Record, Run

__all__ = ["Block", "FeedForward", "Mlp", "Transformer", "linen_training"]


class FeedForward(nn.Module):
    """Dense, activation, dropout, Dense: float[..., features] to the same shape."""

    rate: float = RATE

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        """Apply the layer."""
        hidden = nn.gelu(nn.Dense(FEATURES)(x))
        hidden = nn.Dropout(self.rate)(hidden, deterministic=not train)
        return nn.Dense(x.shape[-1])(hidden)


class Mlp(nn.Module):
    """Two residual feed-forward layers."""

    rate: float = RATE

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        """Apply the model."""
        for number in range(2):
            x = x + FeedForward(self.rate, name=f"layer_{number}")(x, train=train)
        return x


class Block(nn.Module):
    """A block of a transformer: attention and a feed-forward layer, with dropout after each."""

    rate: float = RATE

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        """Apply the block."""
        drop = nn.Dropout(self.rate, deterministic=not train)
        x = x + drop(nn.MultiHeadDotProductAttention(num_heads=2)(nn.LayerNorm()(x)))
        return x + FeedForward(self.rate)(nn.LayerNorm()(x), train=train)


class Transformer(nn.Module):
    """Two transformer blocks."""

    rate: float = RATE

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        """Apply the model."""
        for number in range(2):
            x = Block(self.rate, name=f"block_{number}")(x, train=train)
        return x


def linen_training(
    model: nn.Module,
    *,
    key: Callable[[Any, Any], Any] = key_of_step,
    train_arguments: dict[str, Any] | None = None,
    eval_arguments: dict[str, Any] | None = None,
    eval_rngs: Callable[[], dict[str, Any]] | None = None,
) -> Run:
    """Build a training program around a Linen model.

    Args:
        model: called as `model(x, train=...)`.
        key: derives the dropout key of a step from the root key and the number of the step.
        train_arguments: how training calls the model, `{"train": True}` by default.
        eval_arguments: how evaluation calls it, `{"train": False}` by default.
        eval_rngs: makes fresh random streams for each evaluation; none by default.

    Returns:
        A program that jits one training step and loops over it.
    """
    in_training = {"train": True} if train_arguments is None else train_arguments
    in_evaluation = {"train": False} if eval_arguments is None else eval_arguments

    def run(record: Record, steps: int) -> Outcome:
        root = jax.random.key(1)
        inputs, _ = batch(0)
        variables = first_variables(model, inputs, **in_evaluation)

        @jax.jit
        def step(variables: Any, number: Any, x: Any, y: Any) -> tuple[Any, Any]:
            def loss(variables: Any) -> Any:
                rngs = {"dropout": key(root, number)}
                return squared_error(model.apply(variables, x, rngs=rngs, **in_training), y)

            value, grads = jax.value_and_grad(loss)(variables)
            return descend(variables, grads), value

        @jax.jit
        def predict(variables: Any, rngs: Any) -> Any:
            return model.apply(variables, inputs, rngs=rngs, **in_evaluation)

        def evaluate() -> Any:
            return predict(trained, eval_rngs() if eval_rngs else {})

        trained, losses = train(record, steps, step, variables)
        return Outcome(losses, trained, evaluate)

    return run
