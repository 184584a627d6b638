"""Describes how a worker process ended, in the words of a report."""

from __future__ import annotations

import signal
from dataclasses import dataclass

__all__ = ["CannotStart", "Lost", "describe_exit", "describe_timeout"]


class CannotStart(RuntimeError):
    """Worker processes end before they can take a task; the fault is in no task."""


@dataclass(frozen=True)
class Lost:
    """A task without a result, because two worker processes ended with it.

    Args:
        first: how the first worker ended, as in "was killed by SIGKILL".
        second: how the worker of the retry ended.
    """

    first: str
    second: str

    def __str__(self) -> str:
        if self.first == self.second:
            return f"its process {self.first}, twice: the second time alone, in a fresh process"
        return (
            f"its process {self.first}; retried alone in a fresh process, that process "
            f"{self.second}"
        )


def describe_exit(code: int | None) -> str:
    """Return how a process ended by itself.

    Args:
        code: exit code of `multiprocessing`; a negative one is a signal.
    """
    if code is None:
        return "closed its pipe without a result"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:  # a real-time signal has no name
        name = "a signal without a name"
    why = "; the system sends it when memory runs out" if name == "SIGKILL" else ""
    return f"was killed by {name} (signal {-code}{why})"


def describe_timeout(limit: float) -> str:
    """Return how a process ended that was stopped because it took too long."""
    return f"was stopped at the limit of {limit:g} seconds"
