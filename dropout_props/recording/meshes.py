"""Which device a draw ran on, where the program says so: the manual axes of a mesh."""

from __future__ import annotations

import sys
from typing import Any

import jax
from jax import lax

from dropout_props.recording.internals import core
from dropout_props.recording.slots import Slot


def axis_slots() -> list[tuple[Slot, Any]]:
    """Get the index along each manual axis of the mesh, as `shard_map` and `pmap` make them.

    Returns:
        A slot and its index for each axis.
    """
    return [
        (Slot("axis", size=size, name=name), lax.axis_index(name)) for name, size in manual_axes()
    ]


def manual_axes() -> list[tuple[str, int]]:
    """List the manual axes of the current mesh that are longer than one.

    Returns:
        Their names and sizes.
    """
    if hasattr(core, "thread_local_state"):
        found = _frames_of_axes()
    elif not hasattr(jax.sharding, "get_abstract_mesh"):
        found = _named_axes()
    else:
        found = _manual(jax.sharding.get_abstract_mesh()) or _named_axes()
    return [(name, size) for name, size in found if size > 1]


def _manual(mesh: Any) -> list[tuple[str, int]]:
    """Read the manual axes off a mesh."""
    if mesh is None or getattr(mesh, "empty", True):
        return []
    return [(str(name), int(mesh.shape[name])) for name in mesh.manual_axes]


def _frames_of_axes() -> list[tuple[str, int]]:
    """List named axes that no `vmap` made, before JAX 0.4.36."""
    found = []
    for frame in core.thread_local_state.trace_state.axis_env:
        kind = getattr(frame.main_trace, "trace_type", None)
        if isinstance(frame.name, str) and getattr(kind, "__name__", "") != "BatchTrace":
            found.append((frame.name, int(frame.size)))
    return found


def _named_axes() -> list[tuple[str, int]]:
    """List named axes that no `vmap` made, from JAX 0.4.36 on: those of `pmap` are in no mesh."""
    sizes = dict(core.get_axis_env().axis_sizes)
    frame = sys._getframe() if sizes else None  # noqa: SLF001 - inspect.stack reads files
    while frame is not None:
        if frame.f_code.co_name == "_batch_outer":
            sizes.pop(getattr(frame.f_locals.get("axis_data"), "name", None), None)
        frame = frame.f_back
    return [(name, int(size)) for name, size in sizes.items() if isinstance(name, str)]
