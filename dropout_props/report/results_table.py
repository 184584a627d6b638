"""The table of a report: a heading for each subject, and a row for each property.

Guarantee: no text is cut at any width; what is too long for its column is folded. The last column,
`details`, moves below its property where it would be too narrow to read.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Literal

from rich.cells import cell_len
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dropout_props.results.records import PropertyResult, RunResult

__all__ = ["NARROWEST", "STYLES", "table"]

STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.BLOCKED: "yellow",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.KNOWN: "cyan",
    Verdict.ERROR: "bold magenta",
}

NARROWEST = 28
"""Least width of the column `details`; where it would be narrower, it moves below its property."""

_SHORT_NAME = 18  # a property's name is folded to this width before the details are moved
_INDENT, _GAP = 2, 2
_HEADINGS = ("id", "", "verdict", "s")


def table(result: RunResult, *, width: int) -> RenderableType:
    """Return all results, by subject.

    Args:
        result: the run.
        width: columns of the terminal.
    """
    widths = [
        max(cell_len(cell) for cell in column)
        for column in zip(_HEADINGS, *map(_cells, result.results), strict=True)
    ]
    folded = [min(w, _SHORT_NAME) if i == 1 else w for i, w in enumerate(widths)]
    if _left(widths, width) < NARROWEST <= _left(folded, width):
        widths = folded
    beside = _left(widths, width) >= NARROWEST
    heading = _grid(widths, beside=beside, heading=True)
    parts: list[RenderableType] = ["", heading]
    if not beside:
        parts.append(Padding(Text("details", style="dim"), (0, 0, 0, 3 * _INDENT)))
    for subject, members in groupby(result.results, key=lambda one: one.subject):
        parts.append(Text(subject, style="bold", overflow="fold"))
        if beside:
            parts.append(_grid(widths, *members, beside=True))
        else:
            for one in members:
                shown = Text(one.shown, overflow="fold")
                parts += [_grid(widths, one, beside=False), Padding(shown, (0, 0, 0, 3 * _INDENT))]
        parts.append("")
    return Group(*parts)


def _cells(one: PropertyResult) -> tuple[str, ...]:
    return one.property_id, one.name, str(one.verdict), f"{one.seconds:.1f}"


def _left(widths: list[int], width: int) -> int:
    """Return the width that remains for the details."""
    return width - _INDENT - sum(widths) - _GAP * len(widths)


def _grid(
    widths: list[int], *results: PropertyResult, beside: bool, heading: bool = False
) -> RenderableType:
    """Return some rows, in columns of the same widths in every call."""
    grid = Table(
        box=None, show_header=heading, header_style="dim", pad_edge=False, padding=(0, _GAP, 0, 0)
    )
    for name, fixed in zip(_HEADINGS, widths, strict=True):
        justify: Literal["left", "right"] = "right" if name == "s" else "left"
        grid.add_column(name, width=fixed, justify=justify, overflow="fold")
    if beside:
        grid.add_column("details", overflow="fold")
    for one in results:
        property_id, name, verdict, seconds = _cells(one)
        cells: list[RenderableType] = [
            property_id,
            Text(name),
            Text(verdict, style=STYLES[one.verdict]),
            seconds,
        ]
        # As Text: rich would read [y] as markup.
        grid.add_row(*cells, *([Text(one.shown)] if beside else []))
    return Padding(grid, (0, 0, 0, _INDENT))
