"""How a worker process ended, in words that a report prints."""

from __future__ import annotations

import signal
from dataclasses import dataclass

__all__ = ["CannotStart", "Lost", "ended", "late"]


class CannotStart(RuntimeError):
    """Worker processes end before they can take a question; no question is to blame."""


@dataclass(frozen=True)
class Lost:
    """A question without an answer.

    Args:
        first: how the first worker ended, as in "was killed by SIGKILL".
        second: how the worker ended that had this question alone.
    """

    first: str
    second: str

    def __str__(self) -> str:
        if self.first == self.second:
            return (
                f"its process {self.first}, twice: the second time it was tried by itself, in a "
                "fresh process"
            )
        return (
            f"its process {self.first}; tried once more by itself, in a fresh process, that "
            f"process {self.second}"
        )


def ended(code: int | None) -> str:
    """Return how a process ended that nobody stopped.

    Args:
        code: its exit code as `multiprocessing` gives it; a negative one is a signal.
    """
    if code is None:
        return "closed its pipe without an answer"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:  # a real-time signal has no name
        name = "a signal without a name"
    why = "; the system sends it when memory runs out" if name == "SIGKILL" else ""
    return f"was killed by {name} (signal {-code}{why})"


def late(limit: float) -> str:
    """Return how a process ended that was stopped because it took too long."""
    return f"was stopped at the limit of {limit:g} seconds"
