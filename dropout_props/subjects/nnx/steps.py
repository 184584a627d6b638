"""Takes one NNX layer through steps of its state: snapshot, save, clone, reseed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dropout_props.subjects.errors import Unsupported
from dropout_props.subjects.nnx.lifted import LayerCall
from dropout_props.subjects.operations import Steps
from dropout_props.subjects.protocol import Array, Key

__all__ = ["Stepper", "reseed"]


class Stepper:
    """One layer between steps; a step may replace it with another object.

    Args:
        build: builds a new layer, in training mode, on the streams of another key.
        layer: the layer as it was built.
        call: calls a layer on an input; takes the mode.
        stream: the stream that the layer draws from.
        reseeding: the key of every reseed.
    """

    def __init__(
        self,
        build: Callable[[], Any],
        layer: Any,
        call: Callable[..., Array],
        *,
        stream: str,
        reseeding: Key,
    ) -> None:
        self._build = build
        self._layer = layer
        self._call = call
        self._stream = stream
        self._reseeding = reseeding
        self._snapshot: Any = None
        self._saved: Any = None
        self._compiled = _compiled(call)

    def take(self, operation: Steps, x: Array) -> tuple[Array, ...]:
        """Take the steps, and return the outputs of the training calls."""
        outputs = []
        for step in operation.steps:
            output = self._take(step, x)
            if step in ("call", "jit call"):
                outputs.append(output)
        return tuple(outputs)

    def _take(self, step: str, x: Array) -> Array | None:
        if step == "call":
            return self._call(self._layer, x, training=True)
        if step == "jit call":
            return self._compiled(self._layer, x)
        if step == "eval call":
            self._call(self._layer, x, training=False)
        elif step == "clone":
            self._layer = nnx.clone(self._layer)
        elif step == "split merge":
            self._layer = nnx.merge(*nnx.split(self._layer))
        elif step == "snapshot":
            self._snapshot = nnx.split(self._layer)
        elif step == "merge":
            self._layer = nnx.merge(*self._snapshot)
        elif step == "save":
            self._saved = _to_host(nnx.split(self._layer)[1])
        elif step == "restore":
            self._layer = self._build()
            nnx.update(self._layer, _from_host(self._saved))
        else:
            reseed(self._layer, self._stream, self._reseeding)
        return None


@lru_cache(maxsize=1)
def _compiled(call: Callable[..., Array]) -> LayerCall:
    """Return the training call under `nnx.jit`, which all sequences of steps of a layer share."""
    compiled: LayerCall = nnx.jit(lambda layer, x: call(layer, x, training=True))
    return compiled


def reseed(model: Any, stream: str, key: Key) -> None:
    """Reseed one stream of a model with a key.

    Raises:
        Unsupported: the installed release has no `nnx.reseed`.
    """
    if not hasattr(nnx, "reseed"):
        raise Unsupported("this release of Flax has no nnx.reseed")
    cast("Any", nnx).reseed(model, **{stream: key})


def _to_host(state: Any) -> Any:
    leaves, form = jax.tree_util.tree_flatten(state)
    return [_words(leaf) for leaf in leaves], form


def _words(leaf: Any) -> tuple[Any, np.ndarray[Any, Any]]:
    if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return jax.random.key_impl(leaf), np.asarray(jax.random.key_data(leaf))
    return None, np.asarray(leaf)


def _from_host(saved: Any) -> Any:
    leaves, form = saved
    arrays = [
        jax.device_put(words)
        if kind is None
        else jax.random.wrap_key_data(jax.device_put(words), impl=kind)
        for kind, words in leaves
    ]
    return jax.tree_util.tree_unflatten(form, arrays)
