"""The page of a comparison: one row for each change, with the intervals of both sides.

The same page serves `gate`, `gate --record`, `diff` and a stored comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropout_props.report.changes import (
    installed_lines,
    side_line,
    tally_line,
    trouble_lines,
    verdict_words,
)
from dropout_props.report.html.rendering import Banner, render
from dropout_props.results.comparison import SITE, Change

if TYPE_CHECKING:
    from dropout_props.results.comparison import Comparison, Intervals, Row

__all__ = ["comparison_page"]

_WIDTH = 150
_MARGIN = 6
_OUTCOMES = {
    0: "Nothing that a gate fails on has changed.",
    3: "The comparison is incomplete.",
    5: "Nothing was compared.",
    6: "The comparison is inconclusive.",
}
_FAILED = "The candidate changes what dropout does."


@dataclass(frozen=True)
class _Picture:
    """Both intervals on one axis; positions are pixels from the left edge.

    Attributes:
        expected: ends of the band of a correct layer; None where it is not known.
        base: ends of the upper line.
        candidate: ends of the lower line.
        said: the numbers in words.
        old: the interval of the base, as text.
        new: the interval of the candidate, as text.
    """

    expected: tuple[float, float] | None
    base: tuple[float, float]
    candidate: tuple[float, float]
    said: str
    old: str
    new: str


@dataclass(frozen=True)
class _Line:
    """A row of the table."""

    row: Row
    words: str
    picture: _Picture | None


def comparison_page(comparison: Comparison, *, exit_code: int) -> str:
    """Write a comparison as one HTML page without other files.

    Args:
        comparison: of two environments.
        exit_code: the exit code of the command that made it.

    Returns:
        The page.
    """
    banner = Banner(
        outcome=_OUTCOMES.get(exit_code, _FAILED),
        bad=exit_code != 0,
        tally=tally_line(comparison),
        lines=(
            side_line(comparison.base),
            side_line(comparison.candidate),
            *trouble_lines(comparison),
        ),
    )
    sites = [_line(row) for row in comparison.rows if row.property_id == SITE]
    others = [_line(row) for row in comparison.rows if row.property_id != SITE]
    changed = [line for line in others if line.row.change is not Change.IDENTICAL]
    return render(
        "comparison.html.jinja",
        banner,
        width=_WIDTH,
        sites=sites,
        changed=changed,
        identical=[line for line in others if line.row.change is Change.IDENTICAL],
        programs=[line.row for line in changed if line.row.reproducer],
        notes=comparison.notes,
        installed=installed_lines(comparison),
        differences=comparison.installed,
    )


def _line(row: Row) -> _Line:
    return _Line(row, verdict_words(row), _picture(row.intervals) if row.intervals else None)


def _picture(of: Intervals) -> _Picture:
    ends = [*of.base, *of.candidate, *(of.expected or ())]
    low, high = min(ends), max(ends)
    span = (high - low) or 1.0

    def at(pair: tuple[float, float]) -> tuple[float, float]:
        left, right = (_MARGIN + (end - low) / span * (_WIDTH - 2 * _MARGIN) for end in pair)
        return round(left, 1), round(max(right, left + 1), 1)

    old, new = (_words(pair) for pair in (of.base, of.candidate))
    expected = f"; expected {_words(of.expected)}" if of.expected else ""
    return _Picture(
        expected=at(of.expected) if of.expected else None,
        base=at(of.base),
        candidate=at(of.candidate),
        said=f"{of.what}: base {old}, candidate {new}{expected}",
        old=old,
        new=new,
    )


def _words(pair: tuple[float, float]) -> str:
    low, high = (f"{end:.4g}" for end in pair)
    return low if low == high else f"{low} to {high}"
