"""A map of the dropout of a program that is traced and not run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

from dropout_props.properties.recorded.seen import declared, is_dropout, looks_like_dropout
from dropout_props.recording import Place, recording

__all__ = ["traced"]

HEADINGS = ("site", "line", "rate", "mode", "mask", "shared")


def traced(program: Callable[[], Any]) -> list[str]:
    """Trace a program with `jax.eval_shape`.

    Args:
        program: takes no argument and reads the value of no array.

    Returns:
        The lines of a table; none if no dropout was met.
    """

    def run() -> None:
        program()  # what it returns need be no array

    with recording() as record:
        jax.eval_shape(run)
    table: dict[tuple[str, int], tuple[str, ...]] = {}
    for site in record.sites:
        if is_dropout(site):
            rate = declared(site)
            shared = {a for a, size in enumerate(site.shape) if size == 1} | set(site.shared_axes)
            table[site.place.name, site.id] = (
                *_named(site.place),
                "-" if rate is None else f"{rate:g}",
                "active",
                "x".join(map(str, site.shape)),
                ",".join(map(str, sorted(shared))) or "-",
            )
    active = {name for name, _ in table}
    for number, call in enumerate(record.module_calls):
        name = call.place.name
        inside = any(other == name or other.startswith(f"{name}/") for other in active)
        if call.place.phase == "run" and looks_like_dropout(call.module) and not inside:
            rate_text = "-" if call.declared_rate is None else f"{call.declared_rate:g}"
            mode = "rate 0" if call.declared_rate == 0 else "off"
            active.add(name)
            table[name, -number - 1] = (*_named(call.place), rate_text, mode, "-", "-")
    if not table:
        return []
    rows = [HEADINGS, *table.values()]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEADINGS))]
    return [
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _named(place: Place) -> tuple[str, str]:
    return place.name, f"{Path(place.file).name}:{place.line}"
