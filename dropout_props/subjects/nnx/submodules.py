"""The submodules of an NNX layer that have no part in its dropout.

Guarantee: a submodule that holds a stream, or holds one that does, is part of the dropout, and so
is every Dropout of Flax.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jax
from flax import nnx

__all__ = ["other_submodules"]


def other_submodules(layer: nnx.Module) -> tuple[str, ...]:
    """Return the names of the classes of the innermost submodules that hold no stream."""
    inner = [one for one in _below(layer, set()) if not list(_parts(one))]
    return tuple(sorted({type(one).__name__ for one in inner if not _draws(one)}))


def _below(layer: Any, seen: set[int]) -> Iterator[nnx.Module]:
    for one in _parts(layer):
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            yield from _below(one, seen)


def _parts(layer: Any) -> Iterator[nnx.Module]:
    """Yield the modules that a module holds itself, or in lists, tuples and dicts."""
    for value in vars(layer).values():
        yield from _modules_in(value)


def _modules_in(value: Any) -> Iterator[nnx.Module]:
    if isinstance(value, nnx.Module):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _modules_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _modules_in(one)


def _draws(module: nnx.Module) -> bool:
    if isinstance(module, nnx.Dropout | nnx.Rngs):
        return True
    leaves = jax.tree_util.tree_leaves(nnx.state(module), is_leaf=_is_variable)
    return any(issubclass(getattr(leaf, "type", type(leaf)), nnx.RngState) for leaf in leaves)


def _is_variable(node: Any) -> bool:
    return hasattr(node, "type") or isinstance(node, nnx.Variable)
