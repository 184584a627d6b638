"""Let `shard_map` of the older JAX take a probe.

Before JAX 0.6 `shard_map` follows which values are equal on all devices, and wants a rule for each
primitive. A probe hands its key words on, so they are replicated as before, whatever the loops and
axes that it carries beside them.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import jax

from dropout_props.recording.probe import probe_p


@cache
def register() -> None:
    """Give the rules to `shard_map`, where this JAX wants them."""
    if hasattr(jax, "shard_map"):
        return
    library: Any = import_module("jax.experimental.shard_map")
    library.register_check(probe_p)(_check)
    library.register_rewrite(probe_p)(_rewrite)


def _check(mesh: Any, words: Any, *_: Any, **__: Any) -> Any:
    """Say along which axes the result is replicated."""
    return set(mesh.axis_names) if words is None else words


def _rewrite(mesh: Any, replicated: Any, *operands: Any, **params: Any) -> tuple[Any, Any]:
    """Bind the probe as it is."""
    return [probe_p.bind(*operands, **params)], [_check(mesh, replicated[0])]
