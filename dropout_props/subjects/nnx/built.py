"""Operations that build several things on one set of NNX streams: layers, and a parameter."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, cast

from flax import nnx

from dropout_props.subjects.errors import Unsupported
from dropout_props.subjects.naming import Tree, other_stream, tree_of
from dropout_props.subjects.nnx.lifted import LayerCall
from dropout_props.subjects.nnx.steps import reseed
from dropout_props.subjects.operations import Beside, Reseeded, Rewrapped
from dropout_props.subjects.protocol import Array, Key

__all__ = ["assemble", "built", "find"]

Build = Callable[[Any], nnx.Module]  # builds a layer on a set of streams, in training mode

_RNGS_TAKE_STREAMS = "RngStream" in str(inspect.signature(nnx.Rngs.__init__))


class _Model(nnx.Module):
    """A block whose layers are attributes."""


def assemble(tree: Tree, layers: Sequence[nnx.Module]) -> nnx.Module:
    """Return a model that holds each layer under its name."""
    model = _Model()
    for name, below in tree.items():
        setattr(model, name, layers[below] if isinstance(below, int) else assemble(below, layers))
    return model


def find(model: nnx.Module, name: str) -> nnx.Module:
    """Return the layer of a model that has a name such as `a/b`."""
    found: Any = model
    for part in name.split("/"):
        found = getattr(found, part)
    return cast("nnx.Module", found)


def built(
    operation: Rewrapped | Reseeded | Beside,
    rngs: Any,
    x: Array,
    *,
    build: Build,
    call: LayerCall,
    stream: str,
    key: Key,
) -> tuple[Array, ...]:
    """Run an operation on one set of streams.

    Args:
        operation: says what to build, and what to do with it.
        rngs: the streams.
        x: the input.
        build: builds a layer on streams.
        call: calls a layer on an input, in training mode.
        stream: the stream that the layer draws from.
        key: the key that this stream was built on.

    Raises:
        Unsupported: the installed release of Flax cannot do it.
    """
    if isinstance(operation, Beside):
        return (_beside(operation, rngs, x, build),)
    if isinstance(operation, Rewrapped):
        first = call(build(rngs), x)
        return first, call(build(_passed_on(operation, rngs, stream)), x)
    model = assemble(tree_of(operation.names), [build(rngs) for _ in operation.names])
    fresh = [call(find(model, name), x) for name in operation.names]
    for name in operation.names * operation.between:
        call(find(model, name), x)
    reseed(model, stream, key)
    return (*fresh, *(call(find(model, name), x) for name in operation.names))


def _beside(operation: Beside, rngs: Any, x: Array, build: Build) -> Array:
    if operation.layer == "model's scope":
        raise Unsupported("NNX has no scopes")
    if operation.layer == "own place":
        build(rngs)  # a model builds all its parts before it calls any
    return nnx.initializers.normal()(rngs.params(), x.shape, x.dtype)


def _passed_on(operation: Rewrapped, rngs: Any, stream: str) -> Any:
    if operation.how == "Rngs":
        if not _RNGS_TAKE_STREAMS:
            raise Unsupported("nnx.Rngs of this release of Flax takes no streams")
        beside = {"params": rngs["params"]} if "params" in rngs else {}
        return nnx.Rngs(**{stream: rngs[stream], **beside})
    if not hasattr(rngs, operation.how):
        raise Unsupported(f"this release of Flax has no nnx.Rngs.{operation.how}")
    arguments = () if operation.how == "fork" else ({other_stream(stream): 2, stream: None},)
    return getattr(rngs, operation.how)(*arguments)
