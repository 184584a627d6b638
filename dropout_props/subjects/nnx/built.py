"""What is built on one set of NNX streams: several layers, a parameter, a layer built again."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, cast

from flax import nnx

from dropout_props.subjects.errors import Unsupported
from dropout_props.subjects.naming import Tree, tree_of
from dropout_props.subjects.nnx.lifted import Call
from dropout_props.subjects.nnx.steps import reseed
from dropout_props.subjects.operations import Beside, Reseeded, Rewrapped
from dropout_props.subjects.protocol import Array, Key

__all__ = ["assemble", "built", "find"]

Build = Callable[[Any], nnx.Module]  # makes a layer on a set of streams, in training mode

_RNGS_TAKE_STREAMS = "RngStream" in str(inspect.signature(nnx.Rngs.__init__))


class _Model(nnx.Module):
    """A block that layers are set on by name."""


def assemble(tree: Tree, layers: Sequence[nnx.Module]) -> nnx.Module:
    """Returns a model that holds each layer under its name."""
    model = _Model()
    for name, below in tree.items():
        setattr(model, name, layers[below] if isinstance(below, int) else assemble(below, layers))
    return model


def find(model: nnx.Module, name: str) -> nnx.Module:
    """Returns the layer that stands under a name, such as ``a/b``."""
    here: Any = model
    for part in name.split("/"):
        here = getattr(here, part)
    return cast("nnx.Module", here)


def built(
    program: Rewrapped | Reseeded | Beside,
    rngs: Any,
    x: Array,
    *,
    build: Build,
    call: Call,
    stream: str,
    key: Key,
) -> tuple[Array, ...]:
    """Does what the program says on one set of streams.

    Args:
        program: what is built, and what becomes of it.
        rngs: the streams.
        x: the input.
        build: makes a layer on streams.
        call: calls a layer on an input, in training.
        stream: what the layer draws from.
        key: the key that this stream was made of.

    Raises:
        Unsupported: the installed release has no such way.
    """
    if isinstance(program, Beside):
        return (_beside(program, rngs, x, build),)
    if isinstance(program, Rewrapped):
        first = call(build(rngs), x)
        return first, call(build(_passed_on(program, rngs, stream)), x)
    model = assemble(tree_of(program.names), [build(rngs) for _ in program.names])
    fresh = [call(find(model, name), x) for name in program.names]
    for name in program.names * program.between:
        call(find(model, name), x)
    reseed(model, stream, key)
    return (*fresh, *(call(find(model, name), x) for name in program.names))


def _beside(program: Beside, rngs: Any, x: Array, build: Build) -> Array:
    if program.layer == "model's scope":
        raise Unsupported("NNX has no scopes")
    if program.layer == "own place":
        build(rngs)  # all is built before anything is called
    return nnx.initializers.normal()(rngs.params(), x.shape, x.dtype)


def _passed_on(program: Rewrapped, rngs: Any, stream: str) -> Any:
    if program.how == "Rngs":
        if not _RNGS_TAKE_STREAMS:
            raise Unsupported("in this release of Flax nnx.Rngs takes no streams")
        return nnx.Rngs(**{stream: rngs[stream]})
    if not hasattr(rngs, program.how):
        raise Unsupported(f"this release of Flax has no nnx.Rngs.{program.how}")
    kept = () if program.how == "fork" else ({"params": 2, stream: None},)
    return getattr(rngs, program.how)(*kept)
