"""Counts what JAX compiles while it is open, and for how long; drawing is the rest."""

from __future__ import annotations

from typing import Any

import jax.monitoring

__all__ = ["Compilations"]

_EVENT = "/jax/core/compile/backend_compile_duration"
_open: list[Compilations] = []


def _listen(event: str, seconds: float, **_: Any) -> None:
    if event == _EVENT:
        for counter in _open:
            counter.count += 1
            counter.seconds += seconds


jax.monitoring.register_event_duration_secs_listener(_listen)  # once a process: it has no undo


class Compilations:
    """A counter that is active inside its `with` block; blocks may be nested."""

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0

    def __enter__(self) -> Compilations:
        _open.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _open.remove(self)
