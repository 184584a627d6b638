"""The submodules of a Linen layer that have no part in its dropout.

Guarantee: a submodule that draws from a stream, or holds one that does, is part of the dropout, and
so is every Dropout of Flax. Parameters are no draws.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn

__all__ = ["other_submodules"]

_PARAMS = "params"


def other_submodules(train: Callable[[], Any]) -> tuple[str, ...]:
    """Return the names of the classes of the innermost submodules that draw nothing.

    Args:
        train: makes a training call of the layer.
    """
    called: dict[tuple[str, ...], str] = {}
    drew: set[tuple[str, ...]] = set()

    def note(call: Callable[..., Any], args: Any, kwargs: Any, context: Any) -> Any:
        output = call(*args, **kwargs)
        module = context.module
        if module.scope is None:
            return output
        called[module.path] = type(module).__name__
        counters = getattr(module.scope, "rng_counters", {})
        if isinstance(module, nn.Dropout) or any(_is_draw(*one) for one in counters.items()):
            drew.add(module.path)
        return output

    with nn.intercept_methods(note):
        train()
    inner = {path for path in called if not any(_is_in(other, path) for other in called)}
    return tuple(sorted({called[path] for path in inner - drew if path}))


def _is_draw(stream: Any, count: Any) -> bool:
    return stream != _PARAMS and (not isinstance(count, int) or count > 0)


def _is_in(path: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return len(path) > len(other) and path[: len(other)] == other
