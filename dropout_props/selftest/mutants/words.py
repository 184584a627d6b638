"""The words of a key, raw or typed, and masks that are drawn from words; for faults of keys."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Shape

__all__ = ["drawn_from", "words_of"]


def words_of(key: Any) -> Any:
    """Return the words of a key, uint32[2], or more for other implementations."""
    return key if key.dtype == jnp.uint32 else jax.random.key_data(key)


def drawn_from(words: Any, keep_rate: float, shape: Shape) -> Any:
    """Return the mask of the key with these words."""
    return jax.random.bernoulli(jax.random.wrap_key_data(words), keep_rate, shape)
