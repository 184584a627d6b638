"""Faults of keys in a model that is written in JAX alone, with the key as an argument."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.selftest.wirings.training import (
    BATCH,
    FEATURES,
    RATE,
    descend,
    key_of_step,
    squared_error,
    train,
)
from dropout_props.selftest.wirings.wiring import Outcome, Record, Run, Wiring

__all__ = ["WIRINGS", "dropout", "jax_training", "plain_mlp", "plain_params"]

LAYERS = 2
Keys = Callable[[Any, Any], tuple[Any, ...]]


def dropout(key: Any, x: Any) -> Any:
    """Drop units of an array."""
    return jnp.where(jax.random.bernoulli(key, 1 - RATE, x.shape), x / (1 - RATE), 0)


def plain_mlp(params: Any, x: Any, keys: tuple[Any, ...], drop: Any = dropout) -> Any:
    """Apply residual layers with a dropout in each, one key for each."""
    for weight, key in zip(params, keys, strict=True):
        x = x + drop(key, jnp.tanh(x @ weight))
    return x


def plain_params() -> tuple[Any, ...]:
    """Make the weights, by NumPy."""
    random = np.random.default_rng(0)
    shape = (LAYERS, FEATURES, FEATURES)
    return tuple(random.standard_normal(shape, dtype=np.float32) * FEATURES**-0.5)


def jax_training(model: Any) -> Run:
    """Build a training program around `model(params, x, key_of_step, number)`."""

    def run(record: Record, steps: int) -> Outcome:
        root = jax.random.key(1)

        @jax.jit
        def step(params: Any, number: Any, x: Any, y: Any) -> tuple[Any, Any]:
            def loss(params: Any) -> Any:
                return squared_error(model(params, x, root, number), y)

            value, grads = jax.value_and_grad(loss)(params)
            return descend(params, grads), value

        params, losses = train(record, steps, step, plain_params())
        return Outcome(losses, params)

    return run


def _one(root: Any, number: Any) -> tuple[Any, ...]:
    return (key_of_step(root, number),) * LAYERS


def _each(root: Any, number: Any) -> tuple[Any, ...]:
    return tuple(jax.random.split(key_of_step(root, number), LAYERS))


def _added(_root: Any, number: Any) -> tuple[Any, ...]:
    return tuple(jax.random.key(number + layer) for layer in range(LAYERS))


def _folded(root: Any, number: Any) -> tuple[Any, ...]:
    key = key_of_step(root, number)
    return tuple(jax.random.fold_in(key, layer) for layer in range(LAYERS))


def _keyed(keys: Keys) -> Run:
    def model(params: Any, x: Any, root: Any, number: Any) -> Any:
        return plain_mlp(params, x, keys(root, number))

    return jax_training(model)


def _vmapped(*, split: bool) -> Run:
    def model(params: Any, x: Any, root: Any, number: Any) -> Any:
        key = key_of_step(root, number)

        def one_example(x: Any, key: Any) -> Any:
            return plain_mlp(params, x, tuple(jax.random.split(key, LAYERS)))

        if split:
            return jax.vmap(one_example)(x, jax.random.split(key, BATCH))
        return jax.vmap(one_example, (0, None))(x, key)

    return jax_training(model)


def _weights_from_first_key(record: Record, steps: int, *, apart: bool) -> Outcome:
    """Take the keys of weights and steps from one list, whose first entry may serve twice."""
    keys = jax.random.split(jax.random.key(1), steps + 1)
    weight = jax.random.normal(keys[0], (FEATURES, FEATURES)) * FEATURES**-0.5

    @jax.jit
    def compiled(params: Any, key: Any, x: Any, y: Any) -> tuple[Any, Any]:
        def loss(params: Any) -> Any:
            return squared_error(plain_mlp(params, x, (key,)), y)

        value, grads = jax.value_and_grad(loss)(params)
        return descend(params, grads), value

    def step(params: Any, number: int, x: Any, y: Any) -> tuple[Any, Any]:
        return compiled(params, keys[number + 1 if apart else number], x, y)

    params, losses = train(record, steps, step, (weight,))
    return Outcome(losses, params)


WIRINGS = (
    Wiring(
        name="one_key_for_all_layers",
        api="jax",
        also=("DP906",),
        says="Every layer gets the key of the step itself, so all layers share one mask.",
        mend="Split the key, one child for each layer.",
        wrong=_keyed(_one),
        mended=_keyed(_each),
        seen_in="jax#3646",
    ),
    Wiring(
        name="seeds_added",
        api="jax",
        also=("DP906", "DP907"),
        says="The seed is step + layer: layer 1 of a step has the mask of layer 0 in the next.",
        mend="Fold in the step and the layer one after the other.",
        wrong=_keyed(_added),
        mended=_keyed(_folded),
        seen_in="tt-metal#16823, keras#17548",
    ),
    Wiring(
        name="vmap_with_one_key",
        api="jax",
        says="jax.vmap maps the model over the examples with one key: they share their masks.",
        mend="Split the key, and map the model over the keys too.",
        wrong=_vmapped(split=False),
        mended=_vmapped(split=True),
        seen_in="equinox#316, functorch#575",
    ),
    Wiring(
        name="masks_drawn_from_key_of_weights",
        api="jax",
        says="The first step draws its mask from the key that the weights were drawn from.",
        mend="Leave the first key to the weights: step t uses key t + 1.",
        wrong=partial(_weights_from_first_key, apart=False),
        mended=partial(_weights_from_first_key, apart=True),
        seen_in="p-doom/jasmine#36",
    ),
)
