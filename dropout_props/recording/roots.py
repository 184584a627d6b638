"""Streams of a Linen module that begin with one root key.

Their draws differ all the same where paths or counts do, since both are folded in. It is worth a
note: two streams of one module draw from one key.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import jax
import numpy as np

__all__ = ["equal_roots"]


def equal_roots(module: Any) -> tuple[str, ...]:
    """Name two streams of a bound module that have one root key.

    Args:
        module: the module that draws.

    Returns:
        Their names; empty if all roots differ, or if they are traced and not the same object.
    """
    streams = getattr(getattr(module, "scope", None), "rngs", None)
    if not isinstance(streams, Mapping):
        return ()
    roots = {name: getattr(stream, "rng", None) for name, stream in sorted(streams.items())}
    return next((pair for pair in combinations(roots, 2) if _same(*map(roots.get, pair))), ())


def _same(one: Any, two: Any) -> bool:
    """Say whether two keys are known to be equal."""
    if one is two:
        return one is not None
    if any(key is None or isinstance(key, jax.core.Tracer) for key in (one, two)):
        return False
    try:
        with jax.ensure_compile_time_eval():
            first, second = (np.asarray(jax.random.key_data(key)) for key in (one, two))
    except Exception:  # noqa: BLE001 - a key on another host, say: no note is worth a draw
        return False
    return np.array_equal(first, second)
