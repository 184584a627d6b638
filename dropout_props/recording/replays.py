"""Tell the second run of a `jax.checkpoint` region from the first.

Differentiation turns a region into one that runs forward again during the backward pass, and says
so in a parameter. Draws in it are replays: the same draw seen again, not a second one. Regions
inside of regions are replayed more than once, each time one deeper, so that within one run of a
program no two executions of one draw look alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from dropout_props.recording.internals import checkpoints, lowering_tables, remat_p, remat_region
from dropout_props.recording.marks import marked
from dropout_props.recording.patches import Patches
from dropout_props.recording.slots import Meta


def install(patches: Patches) -> None:
    """Mark the replays, compiled and eager."""
    eager = remat_p.impl

    def run(*args: Any, **params: Any) -> Any:
        return eager(*args, **_deeper(params))

    patches.attribute(remat_p, "impl", run)
    for table in lowering_tables():
        if remat_p in table:
            patches.entry(table, remat_p, _with_rule(table[remat_p]))
    if remat_region is not None:
        _third(patches)


def _third(patches: Patches) -> None:
    """Mark the replays of `jax_remat3`, which traces them ahead, outer regions around inner ones.

    A region that is differentiated while `level` others are being differentiated around it is
    replayed inside of their replays, and gets that many marks more.
    """
    again, forward = checkpoints._dced, remat_region.vjp_fwd  # noqa: SLF001 - no public name
    level = 0

    @cache
    def deeper(marks: int) -> Callable[..., Any]:
        def run(jaxpr: Any, *args: Any) -> Any:
            return again(marked(jaxpr, lambda m: replace(m, replay=m.replay + marks)), *args)

        return run

    def vjp_fwd(*args: Any) -> Any:
        nonlocal level
        level += 1
        checkpoints._dced = deeper(level)  # noqa: SLF001 - the next line looks it up
        try:
            return forward(*args)
        finally:
            level -= 1
            checkpoints._dced = deeper(level)  # noqa: SLF001 - as above

    patches.attribute(checkpoints, "_dced", deeper(1))
    patches.attribute(remat_region, "vjp_fwd", vjp_fwd)


def _with_rule(entry: Any) -> Any:
    """Wrap the rule of a table of lowerings, which may stand inside of a record."""
    rule = getattr(entry, "rule", entry)

    def lowered(ctx: Any, *args: Any, **params: Any) -> Any:
        return rule(ctx, *args, **_deeper(params))

    return lowered if rule is entry else replace(entry, rule=lowered)


def _deeper(params: dict[str, Any]) -> dict[str, Any]:
    """Mark the probes of a differentiated region."""
    if not params.get("differentiated"):
        return params
    return {**params, "jaxpr": marked(params["jaxpr"], _replayed)}


def _replayed(meta: Meta) -> Meta:
    """Count one more replay."""
    return replace(meta, replay=meta.replay + 1)
