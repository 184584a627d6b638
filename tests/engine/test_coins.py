"""A model is accused of dropping nothing where all its coins fall alike, and nowhere else."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from dropout_props.properties.coins import tosses_one_way

_X = jnp.arange(1.0, 13.0).reshape(3, 4)
_W = jnp.arange(8.0).reshape(4, 2) - 3.3
_KEYS = jax.random.split(jax.random.key(3), 65)


def _dropped(key: Any, keep: float = 0.5, shape: Any = _X.shape) -> Any:
    return jnp.where(jax.random.bernoulli(key, keep, shape), 2 * _X, 0)


def _noise(key: Any) -> Any:
    return jax.random.normal(key, _X.shape)


def _scanned(key: Any, keep: float) -> Any:
    def step(x: Any, one: Any) -> Any:
        return jnp.where(jax.random.bernoulli(one, keep, x.shape), x, 0), None

    return jax.lax.scan(step, _X, jax.random.split(key, 2))[0]


@pytest.mark.parametrize(
    "function",
    [
        lambda key: _dropped(key) @ jnp.zeros((4, 2)),
        lambda key: _X + 0.0 * _dropped(key),
        lambda key: (_X * (1 + _noise(key))) @ jnp.zeros((4, 2)),
        lambda key: jnp.argmax(_X + 1e-3 * _dropped(key), axis=-1),
        lambda key: (_dropped(key) > -1).astype(jnp.float32),
        lambda key: jnp.round(1e-3 * _dropped(key)),
        lambda key: jax.nn.relu(-_dropped(key)),
        lambda key: 0 * jnp.where(jnp.isnan(_noise(key)), 0, _noise(key)),
        lambda key: 0 * _X * jnp.floor(0.5 + jax.random.uniform(key, (3, 1))),
        lambda key: (_dropped(key)[:1] - _dropped(key)[:1].mean(0)) @ _W,
        lambda key: _dropped(key, 1.0) @ _W + 0 * _dropped(jax.random.fold_in(key, 1)) @ _W,
        jax.checkpoint(lambda key: jax.nn.gelu(_dropped(key)) @ jnp.zeros((4, 2))),
        lambda key: _scanned(key, 1.0),
    ],
)
def test_a_hidden_mask_is_no_evidence(function: Callable[[Any], Any]) -> None:
    """Units are dropped, or may be: a factor, a threshold, a normalisation or a loop hides it."""
    assert not tosses_one_way(function, _KEYS)


@pytest.mark.parametrize(
    "function",
    [
        lambda key: _dropped(key, 1.0) @ _W,
        lambda key: _X + _dropped(key, 0.0) @ _W @ _W.T,
        lambda key: jnp.where(jax.random.uniform(key, _X.shape) < 1.0, _X, 0),
        lambda key: _X * jnp.floor(1.0 + jax.random.uniform(key, (3, 1))),
        lambda key: _X * (jax.random.bernoulli(key, 1.0, _X.shape) & (_X > 3)),
        jax.jit(lambda key: jax.nn.silu(_dropped(key, 1.0) @ _W)),
        jax.checkpoint(lambda key: jax.nn.relu(_dropped(key, 1.0) @ _W)),
    ],
)
def test_coins_that_fall_alike_are_evidence(function: Callable[[Any], Any]) -> None:
    """Every unit is kept, or every one is dropped, and the key does nothing else."""
    assert tosses_one_way(function, _KEYS)
