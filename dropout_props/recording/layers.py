"""Call a layer that drew again, alone and after the record: what does it make of ones?

When a layer that declares a rate draws, its description is kept: for Linen the module without its
parent, for NNX its graph with the types of its state, and the arguments of its method, arrays by
shape and type. No value of the program is kept. A layer with parameters, or one that needs more
than one array, cannot be called alone.

A coin of probability p says nothing about the rate of a layer: one layer keeps a unit where the
coin is 1, another drops it there, and a third makes something else of it. The zeros of the output
show which of them this is.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.recording.frameworks import is_array, loaded
from dropout_props.recording.internals import samplers, wide
from dropout_props.recording.patches import Patches

KEYS = 4
"""How many keys a layer is called with."""


@dataclass(frozen=True, slots=True)
class Array:
    """An array, by its type alone."""

    shape: tuple[int, ...]
    dtype: Any


@dataclass(frozen=True, slots=True)
class Streams:
    """Streams of NNX, handed to a method."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What it takes to call a layer again.

    Attributes:
        api: `linen` or `nnx`.
        definition: a Linen module without a parent; the graph of an NNX module.
        state: the state of an NNX module, each array by its type; None for Linen.
        arguments: the arguments of its method, arrays by their type, streams as `Streams`.
    """

    api: str
    definition: Any
    state: Any
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Alone:
    """What a layer did when it was called alone on ones, with a few keys.

    Attributes:
        outputs: its outputs, flat, as float64; a row a key.
        drops: True if its units are 0 exactly where its coin is 1, False if exactly where its coin
            is 0; None if neither was seen, or if it flips no coin or several.
    """

    outputs: np.ndarray[Any, Any]
    drops: bool | None


def keep(api: str, module: Any, arguments: dict[str, Any]) -> Layer | None:
    """Describe a layer that is drawing, or say with None that it cannot be called alone."""
    given = {name: _described(value) for name, value in arguments.items()}
    floats = [v for v in given.values() if isinstance(v, Array) and _is_float(v)]
    if len(floats) != 1:
        return None
    try:
        if api == "linen":
            given = {n: v for n, v in given.items() if not _merged(module, n)}
            return Layer(api, module.clone(parent=None, name=None), None, given)
        if api == "nnx":
            definition, state = loaded("flax.nnx").split(module)
            return Layer(api, definition, jax.tree.map(_described, state), given)
    except Exception:  # noqa: BLE001 - a layer that cannot be copied is not called alone
        return None
    return None


def alone(layer: Layer, run_seed: int) -> Alone | None:
    """Call a layer on ones with a few keys.

    Args:
        layer: the layer.
        run_seed: enters the keys.

    Returns:
        What it did; None if it cannot be called alone.
    """
    found, meant = [], []
    try:
        for number in range(KEYS):
            key = jax.random.fold_in(jax.random.key(run_seed), number)
            with wide(_dtypes(layer)), _coins() as coins:
                given = {name: _value(value, key) for name, value in layer.arguments.items()}
                made = np.asarray(_called(layer, key, given), np.float64)
            found.append(made.ravel())
            meant.append(_meanings(coins, made == 0))
    except Exception:  # noqa: BLE001 - whatever a layer says to a call that it was not written for
        return None
    always = set.intersection(*meant)
    return Alone(np.stack(found), always.pop() if len(always) == 1 else None)


@contextmanager
def _coins() -> Iterator[list[Any]]:
    """List what `jax.random.bernoulli` gives inside of the block."""
    found: list[Any] = []
    original: Callable[..., Any] = samplers._bernoulli  # noqa: SLF001 - as in `samplers.py`

    def listed(*args: Any, **kwargs: Any) -> Any:
        coins = original(*args, **kwargs)
        found.append(coins)
        return coins

    patches = Patches()
    patches.attribute(samplers, "_bernoulli", listed)
    try:
        yield found
    finally:
        patches.undo()


def _meanings(coins: Sequence[Any], dropped: np.ndarray[Any, Any]) -> set[bool]:
    """Say what a coin of 1 may mean: True that its unit is dropped, False that it is kept.

    Args:
        coins: what was drawn in the call.
        dropped: where the output is 0.

    Returns:
        The meanings that agree with every unit; none if there are several coins, or a traced one.
    """
    if len(coins) != 1 or isinstance(coins[0], jax.core.Tracer):
        return set()
    drawn = np.asarray(coins[0])
    missing = dropped.ndim - drawn.ndim
    if missing < 0:
        return set()
    found = set()
    # NumPy lines up the last axes; a coin for each example or token may line up with the first.
    for shape in {drawn.shape, drawn.shape + (1,) * missing}:
        try:
            units = np.broadcast_to(drawn.reshape(shape), dropped.shape)
        except ValueError:
            continue
        found |= {meaning for meaning in (True, False) if ((units == meaning) == dropped).all()}
    return found


def _called(layer: Layer, key: Any, given: dict[str, Any]) -> Any:
    """Call it once."""
    if layer.api == "linen":
        return layer.definition.apply({}, rngs={"dropout": key, "params": key}, **given)
    state = jax.tree.map(lambda leaf: _value(leaf, key), layer.state, is_leaf=_is_array)
    return loaded("flax.nnx").merge(layer.definition, state)(**given)


def _merged(module: Any, name: str) -> bool:
    """Say whether a Linen module has a value of its own for an argument that may be left out.

    Such a method takes one or the other, by `nn.merge_param`, which refuses both. By the time of
    the draw its variable holds the merged value.
    """
    parameter = inspect.signature(type(module).__call__).parameters.get(name)
    optional = parameter is not None and parameter.default is None
    return optional and getattr(module, name, None) is not None


def _described(value: Any) -> Any:
    """Replace an array by its type."""
    if is_array(value):
        return Array(tuple(value.shape), value.dtype)
    nnx = loaded("flax.nnx")
    if nnx is not None and isinstance(value, nnx.Rngs | nnx.RngStream):
        return Streams()
    return value


def _dtypes(layer: Layer) -> list[str]:
    """List the types of the arrays of a layer."""
    leaves = jax.tree.leaves((layer.arguments, layer.state), is_leaf=_is_array)
    return [str(leaf.dtype) for leaf in leaves if _is_array(leaf)]


def _is_array(value: Any) -> bool:
    return isinstance(value, Array)


def _is_float(array: Array) -> bool:
    return bool(jnp.issubdtype(array.dtype, jnp.floating))


def _value(value: Any, key: Any) -> Any:
    """Make an array of a type: ones, zeros of integers, the key; or streams.

    Raises:
        TypeError: an array of keys.
    """
    if isinstance(value, Streams):
        return loaded("flax.nnx").Rngs(key)
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
