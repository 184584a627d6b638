"""The forest plot: what each counted property excludes, in relative terms, on a logarithmic axis.

A deviation of a probability p is divided by the smaller of p and 1 - p: at rate 0.1 a keep
probability that is off by 0.001 is a rate that is off by 1 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dropout_props.results.records import Counts, PropertyResult, RunResult

__all__ = ["Forest", "Mark", "Tick", "forest"]

_LEFT, _RIGHT, _ROW, _TOP = 370, 32, 18, 34
_WIDTH = 900
_DECADES = (-6, 0)


@dataclass(frozen=True)
class Mark:
    """One row of the plot; all positions are pixels from the left edge.

    Attributes:
        title: subject and property.
        y: the middle of the row, from the top.
        null: end of the grey band: the width of the null, which the grid of float32 gives.
        estimate: the dot, the deviation that was seen.
        excluded: end of the line: the largest deviation that the interval contains.
        promise: the tick, the deviation that a pass promises to exclude.
        verdict: the verdict, as a class of CSS.
        said: the numbers in words.
    """

    title: str
    y: float
    null: float
    estimate: float
    excluded: float
    promise: float
    verdict: str
    said: str


@dataclass(frozen=True)
class Tick:
    """A line of the axis: its position and its label."""

    x: float
    label: str


@dataclass(frozen=True)
class Forest:
    """A whole plot."""

    width: int
    height: int
    left: int
    right: int
    top: int
    ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class _Row:
    """The weakest family of a property: relative numbers between 0 and about 1."""

    result: PropertyResult
    label: str
    case: str
    null: float
    estimate: float
    excluded: float
    promise: float


def forest(run: RunResult) -> Forest | None:
    """Return the plot of a run; None where nothing was counted."""
    rows = [row for one in run.results if (row := _weakest(one)) is not None]
    if not rows:
        return None
    least = min(
        min(value for value in (row.excluded, row.promise, row.estimate) if value > 0)
        for row in rows
    )
    low = max(_DECADES[0], floor(log10(least)))
    most = max(max(row.excluded, row.promise) for row in rows)
    high = max(_DECADES[1], ceil(log10(most)))

    def at(value: float) -> float:
        share = (log10(max(value, 10.0**low)) - low) / (high - low)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    marks = tuple(
        Mark(
            title=f"{row.result.subject} {row.result.property_id} {row.result.name}",
            y=_TOP + _ROW * (number + 0.5),
            null=at(row.null),
            estimate=at(row.estimate),
            excluded=at(row.excluded),
            promise=at(row.promise),
            verdict=_css(row.result.verdict),
            said=(
                f"{row.label}, {row.case}: seen {row.estimate:.2g} off, more than "
                f"{row.excluded:.2g} is excluded; the promise is {row.promise:.2g}"
            ),
        )
        for number, row in enumerate(rows)
    )
    ticks = tuple(Tick(at(10.0**n), _percent(n)) for n in range(low, high + 1))
    height = _TOP + _ROW * len(marks) + 8
    return Forest(_WIDTH, height, _LEFT, _WIDTH - _RIGHT, _TOP, ticks, marks)


def _weakest(one: PropertyResult) -> _Row | None:
    """Return the family whose interval allows the largest relative deviation."""
    rows = [
        _row(one, counts, example.case)
        for example in one.examples
        for counts in example.counts
        if counts.worst_trials
    ]
    return max(rows, key=lambda row: row.excluded, default=None)


def _row(one: PropertyResult, counts: Counts, case: str) -> _Row:
    middle = (counts.lowest + counts.highest) / 2
    unit = max(min(middle, 1 - middle), 2.0**-53)
    seen = counts.worst_successes / counts.worst_trials
    low, high = counts.interval
    return _Row(
        one,
        counts.label,
        case,
        null=(counts.highest - counts.lowest) / unit,
        estimate=_beyond((seen, seen), counts) / unit,
        excluded=_beyond((low, high), counts) / unit,
        promise=counts.discrepancy / unit,
    )


def _beyond(interval: Iterable[float], counts: Counts) -> float:
    """Return how far the farther end lies outside of the null."""
    low, high = interval
    return max(high - counts.highest, counts.lowest - low, 0.0)


def _css(verdict: Verdict) -> str:
    return str(verdict).replace(" ", "-")


def _percent(exponent: int) -> str:
    return f"{10.0 ** (exponent + 2):g} %"
