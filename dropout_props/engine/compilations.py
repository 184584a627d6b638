"""Counts the programs that JAX compiles while a block runs, and the seconds that this takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jax.monitoring

__all__ = ["Compilations", "counted"]

_EVENT = "/jax/core/compile/backend_compile_duration"


@dataclass(eq=False)  # two counters are never the same one
class Compilations:
    """The number of programs compiled, and the seconds that this took."""

    count: int = 0
    seconds: float = 0.0


_open: list[Compilations] = []


def _listen(event: str, duration_secs: float, **_: Any) -> None:
    if event == _EVENT:
        for counter in _open:
            counter.count += 1
            counter.seconds += duration_secs


jax.monitoring.register_event_duration_secs_listener(
    _listen
)  # once in a process: it cannot be removed


@contextmanager
def counted() -> Iterator[Compilations]:
    """Count the compilations while the block runs; blocks may be nested."""
    counter = Compilations()
    _open.append(counter)
    try:
        yield counter
    finally:
        _open.remove(counter)
