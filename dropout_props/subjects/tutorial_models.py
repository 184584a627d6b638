"""The small modules that the sentences of tutorials are tried on, and words for what they raise."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.errors import FlaxError

from dropout_props.subjects.protocol import Array, Key

__all__ = ["Network", "NoCompact", "ones", "raises", "seeded", "told"]


class Network(nn.Module):
    """A Dense layer, then Dropout, as tutorials write it."""

    @nn.compact
    def __call__(self, x: Array, *, train: bool) -> Array:
        """Returns float32[8]."""
        return nn.Dropout(0.5, deterministic=not train)(nn.Dense(8)(x))


class NoCompact(nn.Module):
    """As Network, without the decorator."""

    def __call__(self, x: Array) -> Array:
        """Returns float32[8], if Flax lets it."""
        return nn.Dropout(0.5, deterministic=True)(nn.Dense(8)(x))


def ones() -> Array:
    """Returns an input, float32[4]."""
    return jnp.ones((4,))


def seeded(seed: int = 0) -> Key:
    """Returns a raw key, as tutorials make it."""
    return jax.random.PRNGKey(seed)


def raises(call: Callable[[], Any]) -> tuple[bool, str]:
    """Returns whether a call raises an error of Flax's own, and what was seen.

    Any other error is told, and is no refusal by Flax.
    """
    try:
        call()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was seen
        return isinstance(error, FlaxError), told(error)
    return False, "nothing was raised"


def told(error: Exception) -> str:
    """Returns an error on one line, without the link to Flax's pages that stands at its end."""
    text = re.sub(r"\s*\(https?://\S+\)$", "", " ".join(str(error).split()))
    return f"{type(error).__name__}: {text}"
