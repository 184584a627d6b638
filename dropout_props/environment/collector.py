"""Lets Python's garbage collector run seldom in a process that is ours alone.

A full collection visits each object of JAX, Flax and Hypothesis, which are never freed. In a
process of somebody else, such as that of pytest, nothing changes.
"""

from __future__ import annotations

import gc

__all__ = ["keep_loaded", "own_process"]

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
