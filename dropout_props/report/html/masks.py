"""The picture of a mask: a rectangle, and on it one path for the units that are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Mask", "mask"]

_CELL = 5


@dataclass(frozen=True)
class Mask:
    """The picture of one mask.

    Attributes:
        caption: what is written below it.
        columns: width in units.
        rows: height in units.
        width: width in pixels.
        height: height in pixels.
        path: one rectangle for each run of units that are kept.
        shared: whether another mask on the page has the same key.
    """

    caption: str
    columns: int
    rows: int
    width: int
    height: int
    path: str
    shared: bool


def mask(lines: Sequence[str], caption: str, *, shared: bool = False) -> Mask:
    """Return the picture of a mask.

    Args:
        lines: its rows, "1" for a unit that is kept, as `mask_text` of the properties writes them.
        caption: what is written below it.
        shared: whether another mask on the page has the same key.
    """
    columns, rows = max(map(len, lines), default=0), len(lines)
    path = "".join(_row(y, line) for y, line in enumerate(lines))
    return Mask(caption, columns, rows, _CELL * columns, _CELL * rows, path, shared)


def _row(y: int, line: str) -> str:
    parts, start = [], 0
    while (start := line.find("1", start)) >= 0:
        end = line.find("0", start)
        end = len(line) if end < 0 else end
        parts.append(f"M{start} {y}h{end - start}v1h{start - end}z")
        start = end
    return "".join(parts)
