"""Lets Python's garbage collector run seldom in a process that is ours alone.

A full collection visits each object of JAX, Flax and Hypothesis, which are never freed. In a
process of somebody else, such as that of pytest, nothing changes, nor while a program of the user
runs in ours: its cycles may hold large arrays.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["as_of_somebody_else", "keep_loaded", "own_process"]

_OF_PYTHON = gc.get_threshold()
_THRESHOLDS = 20_000, 50, 100  # allocations before a collection of the youngest objects, and so on
_own = False


def own_process() -> None:
    """Say that this process is ours alone, and collect seldom from now on."""
    global _own  # noqa: PLW0603 (the collector is one a process too)
    _own = True
    gc.set_threshold(*_THRESHOLDS)


def keep_loaded() -> None:
    """Leave what has been loaded so far out of all later collections, if the process is ours."""
    if _own:
        gc.freeze()


@contextmanager
def as_of_somebody_else() -> Iterator[None]:
    """Collect as often as Python does, for the time of a `with` block."""
    before = gc.get_threshold()
    if _own:
        gc.set_threshold(*_OF_PYTHON)
    try:
        yield
    finally:
        gc.set_threshold(*before)
