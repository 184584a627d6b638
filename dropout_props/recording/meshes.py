"""Which device a draw ran on, where the program says so: the manual axes of a mesh."""

from __future__ import annotations

from typing import Any

import jax
from jax import lax

from dropout_props.recording.slots import Slot


def axis_slots() -> list[tuple[Slot, Any]]:
    """Get the index along each manual axis of the mesh, as `shard_map` and `pmap` make them."""
    return [
        (Slot("axis", size=size, name=name), lax.axis_index(name)) for name, size in manual_axes()
    ]


def manual_axes() -> list[tuple[str, int]]:
    """List the manual axes of the current mesh that are longer than one."""
    get_mesh = getattr(jax.sharding, "get_abstract_mesh", None)
    if get_mesh is None:
        return []
    mesh = get_mesh()
    if mesh is None or getattr(mesh, "empty", True):
        return []
    return [(str(name), int(mesh.shape[name])) for name in mesh.manual_axes if mesh.shape[name] > 1]
