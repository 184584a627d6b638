"""Microbatches of one step that share their masks: gradients are accumulated under one key."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from dropout_props.selftest.wirings.linen_models import Mlp
from dropout_props.selftest.wirings.nnx_models import build_mlp
from dropout_props.selftest.wirings.training import (
    BATCH,
    FEATURES,
    TOKENS,
    batch,
    descend,
    first_variables,
    key_of_step,
    squared_error,
    train,
)
from dropout_props.selftest.wirings.wiring import Outcome, Record, Wiring

__all__ = ["WIRINGS"]

MICROBATCHES = 2
_SHAPE = (MICROBATCHES, BATCH // MICROBATCHES, TOKENS, FEATURES)


def _mean(trees: list[Any]) -> Any:
    return jax.tree_util.tree_map(lambda *leaves: sum(leaves) / len(leaves), *trees)


def _scanned(*, split: bool) -> Any:
    """Accumulate the gradients of a Linen model in a scan over the microbatches."""
    model = Mlp()

    def run(record: Record, steps: int) -> Outcome:
        root = jax.random.key(1)

        @jax.jit
        def step(params: Any, number: Any, x: Any, y: Any) -> tuple[Any, Any]:
            key = key_of_step(root, number)

            def add(total: Any, part: Any) -> tuple[Any, Any]:
                x, y, index = part

                def loss(params: Any) -> Any:
                    rngs = {"dropout": jax.random.fold_in(key, index) if split else key}
                    return squared_error(model.apply(params, x, train=True, rngs=rngs), y)

                value, grads = jax.value_and_grad(loss)(params)
                return jax.tree_util.tree_map(jnp.add, total, grads), value

            zeros = jax.tree_util.tree_map(jnp.zeros_like, params)
            parts = (x.reshape(_SHAPE), y.reshape(_SHAPE), jnp.arange(MICROBATCHES))
            total, values = jax.lax.scan(add, zeros, parts)
            mean = jax.tree_util.tree_map(lambda leaf: leaf / MICROBATCHES, total)
            return descend(params, mean), values.mean()

        params = first_variables(model, batch(0)[0], train=False)
        params, losses = train(record, steps, step, params)
        return Outcome(losses, params)

    return run


def _looped(*, split: bool) -> Any:
    """Accumulate the gradients of a Linen model in a Python loop."""
    model = Mlp()

    def run(record: Record, steps: int) -> Outcome:
        root = jax.random.key(1)

        @jax.jit
        def gradients(params: Any, key: Any, x: Any, y: Any) -> tuple[Any, Any]:
            def loss(params: Any) -> Any:
                return squared_error(model.apply(params, x, train=True, rngs={"dropout": key}), y)

            return jax.value_and_grad(loss)(params)

        def step(params: Any, number: int, x: Any, y: Any) -> tuple[Any, Any]:
            key = key_of_step(root, number)
            keys = jax.random.split(key, MICROBATCHES) if split else [key] * MICROBATCHES
            parts = zip(keys, x.reshape(_SHAPE), y.reshape(_SHAPE), strict=True)
            results = [gradients(params, key, x, y) for key, x, y in parts]
            return descend(params, _mean([grads for _, grads in results])), results[-1][0]

        params = first_variables(model, batch(0)[0], train=False)
        params, losses = train(record, steps, step, params)
        return Outcome(losses, params)

    return run


def _merged(*, carry_streams: bool) -> Any:
    """Accumulate the gradients of an NNX model, which each microbatch rebuilds from its state."""

    def run(record: Record, steps: int) -> Outcome:
        parts: Any = nnx.split(build_mlp(), nnx.Param, ...)
        definition = parts[0]

        @jax.jit
        def gradients(params: Any, rest: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
            model = nnx.merge(definition, params, rest)
            value, grads = nnx.value_and_grad(lambda model: squared_error(model(x), y))(model)
            return value, grads, nnx.state(model, nnx.Not(nnx.Param))

        def step(state: Any, _number: int, x: Any, y: Any) -> tuple[Any, Any]:
            params, rest = state
            moved, grads, value = rest, [], None
            for part, targets in zip(x.reshape(_SHAPE), y.reshape(_SHAPE), strict=True):
                used = moved if carry_streams else rest
                value, grad, moved = gradients(params, used, part, targets)
                grads.append(grad)
            return (descend(params, _mean(grads)), moved), value

        state, losses = train(record, steps, step, parts[1:])
        return Outcome(losses, state)

    return run


WIRINGS = (
    Wiring(
        name="microbatches_share_the_key",
        api="linen",
        also=("DP905", "DP906"),
        says="The scan over the microbatches uses the key of the step for each of them.",
        mend="Fold the index of the microbatch into the key.",
        wrong=_scanned(split=False),
        mended=_scanned(split=True),
    ),
    Wiring(
        name="looped_microbatches_share_the_key",
        api="linen",
        also=("DP905",),
        says="The loop over the microbatches uses the key of the step for each of them.",
        mend="Split the key, one child for each microbatch.",
        wrong=_looped(split=False),
        mended=_looped(split=True),
    ),
    Wiring(
        name="microbatches_share_the_streams",
        api="nnx",
        also=("DP905",),
        says="Each microbatch rebuilds the model from the same state, streams included.",
        mend="Hand the streams of one microbatch on to the next.",
        wrong=_merged(carry_streams=False),
        mended=_merged(carry_streams=True),
    ),
)
