"""The programs that show known deviations, each once, as a folded section of Markdown."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dropout_props.results.comparison import Row

__all__ = ["program_lines"]

_OPEN = ("", "<details><summary>Reproduce known deviations with Flax alone</summary>", "")
_CLOSE = ("</details>",)


def program_lines(rows: Iterable[Row], *, room: int) -> list[str]:
    """Return the programs of these rows that fit into `room` characters.

    They are indented, not fenced, so that no text in a program can end the block.
    """
    owners: dict[str, list[str]] = {}
    for row in rows:
        if row.reproducer:
            owners.setdefault(row.reproducer, []).append(f"`{row.subject}` {row.property_id}")
    left = room - _length((*_OPEN, *_CLOSE))
    kept: list[str] = []
    for program, names in owners.items():
        lines = [f"{', '.join(names)}:", "", indent(program.strip("\n"), " " * 4), ""]
        if _length(lines) <= left:
            kept += lines
            left -= _length(lines)
    return [*_OPEN, *kept, *_CLOSE] if kept else []


def _length(lines: Iterable[str]) -> int:
    return sum(len(line) + 1 for line in lines)
