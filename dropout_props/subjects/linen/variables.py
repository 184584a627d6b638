"""The collections of variables that a training call of a Linen layer may change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

__all__ = ["cached", "updatable", "updated"]

_PARAMS = "params"
_NO_NUMBERS = "OSU"  # the kinds of NumPy's dtypes that JAX has no array of


def updated(variables: Mapping[str, Any], named: Sequence[str] | None) -> list[str]:
    """Return the names of the collections: all but the parameters, and those that are named."""
    return list(dict.fromkeys([*(one for one in variables if one != _PARAMS), *(named or ())]))


def cached(variables: Any) -> Any:
    """Return the variables with arrays of NumPy, which outlive every trace of JAX.

    A value of another kind, such as a text, stays what it is.
    """

    def to_numpy(value: Any) -> Any:
        array = np.asarray(value)
        return value if array.dtype.kind in _NO_NUMBERS else array

    return jax.tree_util.tree_map(to_numpy, variables)


def updatable(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables with arrays of JAX in all collections but the parameters.

    The cache has arrays of NumPy, which `value += 1` would change in place.
    """

    def to_jax(value: Any) -> Any:
        return jnp.asarray(value) if isinstance(value, np.ndarray) else value

    return {
        name: held if name == _PARAMS else jax.tree_util.tree_map(to_jax, held)
        for name, held in variables.items()
    }
