"""Call a layer that drew again, alone and after the record: what does it make of ones?

When a layer that declares a rate draws, its description is kept: for Linen the module without its
parent, for NNX its graph with the types of its state, and the arguments of its method, arrays by
shape and type. No value of the program is kept. A layer with parameters, or one that needs more
than one array, cannot be called alone.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.recording.frameworks import loaded

KEYS = 4
"""How many keys a layer is called with."""


@dataclass(frozen=True, slots=True)
class Array:
    """An array, by its type alone."""

    shape: tuple[int, ...]
    dtype: Any


@dataclass(frozen=True, slots=True)
class Layer:
    """What it takes to call a layer again.

    Attributes:
        api: `linen` or `nnx`.
        definition: a Linen module without a parent; the graph of an NNX module.
        state: the state of an NNX module, each array by its type; None for Linen.
        arguments: the arguments of its method, arrays by their type.
    """

    api: str
    definition: Any
    state: Any
    arguments: dict[str, Any]


def keep(api: str, module: Any, arguments: dict[str, Any]) -> Layer | None:
    """Describe a layer that is drawing, or say with None that it cannot be called alone."""
    given = {name: _described(value) for name, value in arguments.items()}
    floats = [v for v in given.values() if isinstance(v, Array) and _is_float(v)]
    if len(floats) != 1:
        return None
    try:
        if api == "linen":
            return Layer(api, module.clone(parent=None, name=None), None, given)
        if api == "nnx":
            definition, state = loaded("flax.nnx").split(module)
            return Layer(api, definition, jax.tree.map(_described, state), given)
    except Exception:  # noqa: BLE001 - a layer that cannot be copied is not called alone
        return None
    return None


def outputs(layer: Layer, run_seed: int) -> np.ndarray[Any, Any] | None:
    """Call a layer on ones with a few keys.

    Args:
        layer: the layer.
        run_seed: enters the keys.

    Returns:
        Its outputs, flat, as float64; None if it cannot be called alone.
    """
    found = []
    try:
        for number in range(KEYS):
            key = jax.random.fold_in(jax.random.key(run_seed), number)
            given = {name: _value(value, key) for name, value in layer.arguments.items()}
            found.append(np.asarray(_called(layer, key, given), np.float64).ravel())
    except Exception:  # noqa: BLE001 - whatever a layer says to a call that it was not written for
        return None
    return np.concatenate(found)


def _called(layer: Layer, key: Any, given: dict[str, Any]) -> Any:
    """Call it once."""
    if layer.api == "linen":
        return layer.definition.apply({}, rngs={"dropout": key, "params": key}, **given)
    state = jax.tree.map(lambda leaf: _value(leaf, key), layer.state, is_leaf=_is_array)
    return loaded("flax.nnx").merge(layer.definition, state)(**given)


def _described(value: Any) -> Any:
    """Replace an array by its type."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return Array(tuple(value.shape), value.dtype)
    return value


def _is_array(value: Any) -> bool:
    return isinstance(value, Array)


def _is_float(array: Array) -> bool:
    return bool(jnp.issubdtype(array.dtype, jnp.floating))


def _value(value: Any, key: Any) -> Any:
    """Make an array of a type: ones, zeros of integers, the key.

    Raises:
        TypeError: an array of keys.
    """
    if not _is_array(value):
        return value
    if jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        if value.shape:
            raise TypeError("an array of keys")
        return key
    if value.dtype == jnp.uint32 and value.shape == (2,):
        return jax.random.key_data(key)
    make = jnp.ones if _is_float(value) else jnp.zeros
    return make(value.shape, value.dtype)
