"""Calls one NNX layer under the transforms of `flax.nnx`, which carry its state."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

import flax
import jax
import jax.numpy as jnp
from flax import nnx

from dropout_props.subjects.errors import Unsupported
from dropout_props.subjects.operations import Under
from dropout_props.subjects.protocol import Array

__all__ = ["lifted", "needed"]

LayerCall = Callable[[Any, Array], Array]

# Before 0.10 nnx.Carry exists, but does not work.
_CARRIES = tuple(map(int, re.findall(r"\d+", flax.__version__)[:2])) >= (0, 10)
_NEEDS = {
    "vmap": "split_rngs",
    "shared vmap": "StateAxes",
    "scan": "split_rngs",
    "carried scan": "Carry",
    "switch": "switch",
    "while": "while_loop",
}


def needed(how: str) -> Any:
    """Return the attribute of `flax.nnx` that a transform requires.

    Raises:
        Unsupported: the installed release does not have it.
    """
    name = _NEEDS[how]
    if not hasattr(nnx, name) or (name == "Carry" and not _CARRIES):
        raise Unsupported(f"this release of Flax has no nnx.{name}")
    return getattr(nnx, name)


def _plain(layer: Any, x: Array, call: LayerCall, times: int) -> Any:
    return [call(layer, x) for _ in range(times)]


def _jit(layer: Any, x: Array, call: LayerCall, times: int) -> Any:
    compiled = nnx.jit(call)
    return [compiled(layer, x) for _ in range(times)]


def _vmap(layer: Any, x: Array, call: LayerCall, times: int) -> Any:
    split = needed("vmap")
    axes = (_split_axes(), 0)
    rows: Any = nnx.vmap(call, in_axes=axes)
    return split(splits=times)(rows)(layer, jnp.stack([x] * times))


def _shared_vmap(layer: Any, x: Array, call: LayerCall, times: int) -> Any:
    needed("shared vmap")  # without StateAxes, every row would have its own key
    return nnx.vmap(call, in_axes=(None, 0))(layer, jnp.stack([x] * times))


def _scan(layer: Any, x: Array, call: LayerCall, times: int) -> Any:
    split, carry = needed("scan"), needed("carried scan")

    def step(layer: Any, number: Array, x: Array) -> Any:
        return number + 1, call(layer, x)

    axes = (_split_axes(), carry, 0)
    steps: Any = nnx.scan(step, in_axes=axes, out_axes=(carry, 0))
    return split(splits=times)(steps)(layer, jnp.asarray(0), jnp.stack([x] * times))[1]


def _carried_scan(layer: Any, x: Array, call: LayerCall, times: int) -> Any:
    carry = needed("carried scan")

    def step(layer: Any, x: Array) -> Any:
        return layer, call(layer, x)

    steps: Any = nnx.scan(step, in_axes=(carry, 0), out_axes=(carry, 0))
    return steps(layer, jnp.stack([x] * times))[1]


def _remat(layer: Any, x: Array, call: LayerCall, times: int) -> Any:
    checkpointed: Any = nnx.remat(call)
    return [checkpointed(layer, x) for _ in range(times)]


def _cond(layer: Any, x: Array, call: LayerCall, times: int) -> Any:
    flag = jnp.asarray(True)  # noqa: FBT003
    return [nnx.cond(flag, call, call, layer, x) for _ in range(times)]


def _switch(layer: Any, x: Array, call: LayerCall, times: int) -> Any:
    switch = needed("switch")
    return [switch(1, [call, call], layer, x) for _ in range(times)]


def _while(layer: Any, x: Array, call: LayerCall, times: int) -> Any:
    loop = needed("while")

    def step(state: Any) -> Any:
        number, outputs, layer = state
        return number + 1, outputs.at[number].set(call(layer, x)), layer

    definition, state = nnx.split(layer)  # a call of the layer itself would use up a key
    one = jax.eval_shape(lambda state, x: call(nnx.merge(definition, state), x), state, x)
    start = 0, jnp.zeros((times, *one.shape), one.dtype), layer
    return loop(lambda state: state[0] < times, step, start)[1]


def _raw_jit(layer: Any, x: Array, call: LayerCall, times: int) -> Any:
    compiled = jax.jit(call)
    return [compiled(layer, x) for _ in range(times)]


def _raw_remat(layer: Any, x: Array, call: LayerCall, times: int) -> Any:
    checkpointed = jax.checkpoint(lambda x: call(layer, x))
    return [checkpointed(x) for _ in range(times)]


def _raw_scan(layer: Any, x: Array, call: LayerCall, times: int) -> Any:
    return jax.lax.scan(lambda carry, _: (carry, call(layer, x)), 0, length=times)[1]


_TRANSFORMS: dict[str, Callable[[Any, Array, LayerCall, int], Any]] = {
    "plain": _plain,
    "jit": _jit,
    "vmap": _vmap,
    "shared vmap": _shared_vmap,
    "scan": _scan,
    "carried scan": _carried_scan,
    "remat": _remat,
    "cond": _cond,
    "switch": _switch,
    "while": _while,
    "raw jit": _raw_jit,
    "raw remat": _raw_remat,
    "raw scan": _raw_scan,
}


def lifted(operation: Under, layer: Any, x: Array, call: LayerCall) -> tuple[Array, ...]:
    """LayerCall a layer under a transform.

    Args:
        operation: the transform, and the number of calls.
        layer: a layer in training mode.
        x: the input.
        call: calls a layer on an input.

    Raises:
        Unsupported: the installed release does not have the transform.
    """
    if operation.transform not in _TRANSFORMS:
        raise Unsupported(f"NNX has no {operation.transform}")
    return tuple(_TRANSFORMS[operation.transform](layer, x, call, operation.times))


def _split_axes() -> Any:
    states: dict[Any, Any] = {nnx.RngState: 0, ...: None}
    return cast("Any", nnx).StateAxes(states)
