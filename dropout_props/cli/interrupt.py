"""Ctrl-C, and SIGTERM as a stopped CI job sends it, end a run and keep what is there.

An exception that is raised while a callback of a compiled library runs can be swallowed there, so
the interrupt is raised again, twice a second, until the run has let go.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["let_go", "stoppable"]

_AGAIN_SECONDS = 0.5
_REPEATS = hasattr(signal, "setitimer")  # not on Windows


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _interrupt_again(_signal: int, _frame: FrameType | None) -> NoReturn:
    if _REPEATS:
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)
    raise KeyboardInterrupt


def let_go() -> None:
    """Say that the interrupt has arrived: it is not raised again."""
    if _REPEATS:
        signal.setitimer(signal.ITIMER_REAL, 0.0)


@contextmanager
def stoppable(*, again: bool = False) -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGINT and SIGTERM while the block runs.

    Args:
        again: raise it again until `let_go` is called, which the block then has to do.
    """
    signals = [signal.SIGINT, signal.SIGTERM, *([signal.SIGALRM] if _REPEATS and again else [])]
    handler = _interrupt_again if again else _interrupt
    before = {one: signal.signal(one, handler) for one in signals}
    try:
        yield
    finally:
        if again:
            let_go()
        for one, earlier in before.items():
            signal.signal(one, earlier)
