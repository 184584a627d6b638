"""Ctrl-C, and the SIGTERM of a cancelled CI job, interrupt a run, which keeps its results so far.

A compiled library can swallow an exception that is raised in one of its callbacks. So the interrupt
is raised again, twice a second, until the run calls `stop_repeating`.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

__all__ = ["interruptible", "stop_repeating"]

_PERIOD = 0.5
_CAN_REPEAT = hasattr(signal, "setitimer")  # not on Windows


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _interrupt_repeatedly(_signal: int, _frame: FrameType | None) -> NoReturn:
    if _CAN_REPEAT:
        signal.setitimer(signal.ITIMER_REAL, _PERIOD)
    raise KeyboardInterrupt


def stop_repeating() -> None:
    """Stop raising the interrupt again; the run calls this when it has caught it."""
    if _CAN_REPEAT:
        signal.setitimer(signal.ITIMER_REAL, 0.0)


@contextmanager
def interruptible(*, repeat: bool = False) -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGINT and SIGTERM while the block runs.

    Args:
        repeat: whether to raise it again and again until the block calls `stop_repeating`.
    """
    signals = [signal.SIGINT, signal.SIGTERM, *([signal.SIGALRM] if _CAN_REPEAT and repeat else [])]
    handler = _interrupt_repeatedly if repeat else _interrupt
    before = {one: signal.signal(one, handler) for one in signals}
    try:
        yield
    finally:
        if repeat:
            stop_repeating()
        for one, earlier in before.items():
            signal.signal(one, earlier)
