"""Counts what JAX compiles while it is open, and for how long; drawing is the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.monitoring

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Compilations"]

_EVENT = "/jax/core/compile/backend_compile_duration"
_open: list[Compilations] = []


def _listen(event: str, duration_secs: float, **_: Any) -> None:
    if event == _EVENT:
        for counter in _open:
            counter.count += 1
            counter.seconds += duration_secs


jax.monitoring.register_event_duration_secs_listener(_listen)  # once a process: it has no undo


class Compilations:
    """A counter that is active inside its `with` block; blocks may be nested."""

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0

    def __enter__(self) -> Self:
        _open.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _open.remove(self)
