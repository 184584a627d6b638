"""Small programs that several tests record."""

from __future__ import annotations

import jax
import jax.numpy as jnp

RATE = 0.25


def drop(key: jax.Array, x: jax.Array, rate: float = RATE) -> jax.Array:
    """Dropout as a user writes it by hand."""
    mask = jax.random.bernoulli(key, 1 - rate, x.shape)
    return jnp.where(mask, x / (1 - rate), 0)
