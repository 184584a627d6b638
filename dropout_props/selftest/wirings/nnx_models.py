"""Small NNX models with dropout, and a training program around any of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from flax import nnx

from dropout_props.selftest.wirings.training import (
    FEATURES,
    RATE,
    batch,
    descend,
    first_kernel,
    squared_error,
    train,
)
from dropout_props.selftest.wirings.wiring import Outcome, Record, Run

__all__ = ["FeedForward", "Mlp", "build_mlp", "descend_in_place", "nnx_training"]


class FeedForward(nnx.Module):
    """Linear, activation, dropout, Linear: float[..., features] to the same shape."""

    def __init__(self, rate: float, *, rngs: nnx.Rngs, **dropout: Any) -> None:
        self.first = nnx.Linear(FEATURES, FEATURES, kernel_init=first_kernel, rngs=rngs)
        self.second = nnx.Linear(FEATURES, FEATURES, kernel_init=first_kernel, rngs=rngs)
        self.dropout = nnx.Dropout(rate, rngs=rngs, **dropout)

    def __call__(self, x: Any, **dropout: Any) -> Any:
        """Apply the layer; further arguments go to the dropout."""
        return self.second(self.dropout(nnx.gelu(self.first(x)), **dropout))


class Mlp(nnx.Module):
    """Two residual feed-forward layers."""

    def __init__(self, rate: float = RATE, *, rngs: nnx.Rngs) -> None:
        self.layer_0 = FeedForward(rate, rngs=rngs)
        self.layer_1 = FeedForward(rate, rngs=rngs)

    def __call__(self, x: Any, **dropout: Any) -> Any:
        """Apply the model; further arguments go to every dropout."""
        x = x + self.layer_0(x, **dropout)
        return x + self.layer_1(x, **dropout)


def build_mlp() -> Mlp:
    """Build the model with its streams."""
    return Mlp(rngs=nnx.Rngs(params=0, dropout=1))


def descend_in_place(model: nnx.Module, grads: Any) -> None:
    """Take one step of plain gradient descent on the parameters of an NNX model."""
    nnx.update(model, descend(nnx.state(model, nnx.Param), grads))


def _call(model: Any, x: Any, _number: Any) -> Any:
    return model(x)


def nnx_training(
    build: Callable[[], Any],
    *,
    call: Callable[[Any, Any, Any], Any] = _call,
    before_step: Callable[[Any, int], None] | None = None,
    before_evaluation: Callable[[Any], None] | None = None,
) -> Run:
    """Build a stateful training program around an NNX model.

    Args:
        build: makes the model.
        call: `call(model, x, number)` applies the model in step `number` of the training.
        before_step: `before_step(model, number)` runs outside of the compiled step.
        before_evaluation: puts the model in evaluation mode; calls `model.eval()` by default.

    Returns:
        A program that compiles one training step with `nnx.jit` and loops over it.
    """

    def run(record: Record, steps: int) -> Outcome:
        model = build()

        @nnx.jit
        def compiled(model: Any, number: Any, x: Any, y: Any) -> Any:
            def loss(model: Any) -> Any:
                return squared_error(call(model, x, number), y)

            value, grads = nnx.value_and_grad(loss)(model)
            descend_in_place(model, grads)
            return value

        def step(model: Any, number: int, x: Any, y: Any) -> tuple[Any, Any]:
            if before_step is not None:
                before_step(model, number)
            return model, compiled(model, number, x, y)

        @nnx.jit
        def predict(model: Any, x: Any) -> Any:
            return model(x)

        def evaluate() -> Any:
            if before_evaluation is None:
                trained.eval()
            else:
                before_evaluation(trained)
            return predict(trained, jax.numpy.asarray(batch(0)[0]))

        trained, losses = train(record, steps, step, model)
        return Outcome(losses, trained, evaluate)

    return run
