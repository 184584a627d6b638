"""The collections of variables that a training call of a Linen layer may change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

__all__ = ["updatable", "updated"]

_PARAMS = "params"


def updated(variables: Mapping[str, Any], named: Sequence[str] | None) -> list[str]:
    """Return the names of the collections: those that are named, or all but the parameters."""
    return [one for one in variables if one != _PARAMS] if named is None else list(named)


def updatable(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables with arrays of JAX in all collections but the parameters.

    The cache has arrays of NumPy, which `value += 1` would change in place.
    """
    return {
        name: held if name == _PARAMS else jax.tree_util.tree_map(jnp.asarray, held)
        for name, held in variables.items()
    }
