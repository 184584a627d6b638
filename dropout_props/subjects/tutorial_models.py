"""Small modules that the checks of tutorial sentences run, and their errors as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.errors import FlaxError

from dropout_props.subjects.protocol import Array, Key

__all__ = ["Network", "NoCompact", "ones", "raises", "seeded", "text_of"]


class Network(nn.Module):
    """A Dense layer, then Dropout, as tutorials write it."""

    @nn.compact
    def __call__(self, x: Array, *, train: bool) -> Array:
        """Return float32[8]."""
        return nn.Dropout(0.5, deterministic=not train)(nn.Dense(8)(x))


class NoCompact(nn.Module):
    """The same as Network, without the decorator."""

    def __call__(self, x: Array) -> Array:
        """Return float32[8], if Flax allows it."""
        return nn.Dropout(0.5, deterministic=True)(nn.Dense(8)(x))


def ones() -> Array:
    """Return an input, float32[4]."""
    return jnp.ones((4,))


def seeded(seed: int = 0) -> Key:
    """Return a raw key, as tutorials make it."""
    return jax.random.PRNGKey(seed)


def raises(call: Callable[[], Any]) -> tuple[bool, str]:
    """Return whether a call raises an error class of Flax, and the error as text.

    An error of another class counts as False.
    """
    try:
        call()
    except Exception as error:  # noqa: BLE001 - any error is an observation
        return isinstance(error, FlaxError), text_of(error)
    return False, "nothing was raised"


def text_of(error: Exception) -> str:
    """Return an error on one line, without the link to Flax's documentation at its end."""
    text = re.sub(r"\s*\(https?://\S+\)$", "", " ".join(str(error).split()))
    return f"{type(error).__name__}: {text}"
