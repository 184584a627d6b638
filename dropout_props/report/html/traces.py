"""The evidence against draws: how each counted case was decided, and how near it came to a fail.

Both axes are logarithmic: units drawn, and evidence against the property. A case ends where it was
decided. A correct layer's evidence falls as units are drawn; that of a wrong one reaches the
threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING

from dropout_props.report.html.rendering import css

if TYPE_CHECKING:
    from dropout_props.results.records import ExampleResult, PropertyResult, RunResult

__all__ = ["Panel", "Traces", "traces"]

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _MARGIN = 220, 110, 26, 16, 8
_MOST_CASES = 12
_LEAST = -6.0
"""Evidence below it is drawn at the lower edge: it says no more for the layer."""


@dataclass(frozen=True)
class Panel:
    """One property of one subject.

    Attributes:
        title: the property.
        verdict: the class of the style sheet.
        path: one line for each case; of many, for those with the most evidence.
        ends: one circle for each of them, where it was decided.
        threshold: height of the line at which a case alone fails the property.
        limit: the evidence at that line, rounded to a power of ten.
        said: the panel in words.
    """

    title: str
    verdict: str
    path: str
    ends: tuple[tuple[float, float], ...]
    threshold: float
    limit: str
    said: str


@dataclass(frozen=True)
class Traces:
    """The panels of one subject, on the same axes."""

    subject: str
    width: int
    height: int
    left: int
    bottom: int
    right: int
    zero: float
    decades: tuple[tuple[float, str], ...]
    panels: tuple[Panel, ...]


def traces(run: RunResult) -> list[Traces]:
    """Return the panels of each subject; an older result has no traces, and gets none."""
    found: dict[str, list[PropertyResult]] = {}
    for one in run.results:
        if any(_has_trace(example) for example in one.examples):
            found.setdefault(one.subject, []).append(one)
    return [_subject(subject, results) for subject, results in found.items()]


def _has_trace(example: ExampleResult) -> bool:
    return bool(example.trace) and example.log10_threshold is not None


def _subject(subject: str, results: list[PropertyResult]) -> Traces:
    examples = [e for one in results for e in one.examples if _has_trace(e)]
    draws = [max(point[0], 1) for e in examples for point in e.trace]
    low, high = floor(log10(min(draws))), ceil(log10(max(draws)))
    high = max(high, low + 1)
    top = max(e.log10_threshold or 0.0 for e in examples) * 1.1

    def at(units: float, evidence: float) -> tuple[float, float]:
        share = (log10(max(units, 1)) - low) / (high - low)
        inside = min(max(evidence if isfinite(evidence) else _LEAST, _LEAST), top)
        x = _LEFT + share * (_WIDTH - _LEFT - _MARGIN)
        y = _MARGIN + (top - inside) / (top - _LEAST) * (_HEIGHT - _BOTTOM - _MARGIN)
        return round(x, 1), round(y, 1)

    panels = []
    for one in results:
        cases = sorted(filter(_has_trace, one.examples), key=lambda e: -e.log10_evidence)
        lines = [[at(*point) for point in e.trace] for e in cases[:_MOST_CASES]]
        few = f", of which the {_MOST_CASES} with the most evidence are drawn"
        threshold = min(e.log10_threshold or 0.0 for e in cases)
        largest = max(e.log10_evidence for e in cases)
        panels.append(
            Panel(
                title=f"{one.property_id} {one.name}",
                verdict=css(one.verdict),
                path="".join(
                    "M" + "L".join(f"{x:g} {y:g}" for x, y in line) for line in lines if line[1:]
                ),
                ends=tuple(line[-1] for line in lines),
                threshold=at(1, threshold)[1],
                limit=f"1e{threshold:.0f}",
                said=(
                    f"{len(cases)} cases{few * (len(cases) > _MOST_CASES)}; "
                    f"the largest evidence at an end is 10^{largest:.1f}, and "
                    f"a case alone fails at 10^{threshold:.1f}"
                ),
            )
        )
    return Traces(
        subject=subject,
        width=_WIDTH,
        height=_HEIGHT,
        left=_LEFT,
        bottom=_HEIGHT - _BOTTOM,
        right=_WIDTH - _MARGIN,
        zero=at(1, 0.0)[1],
        decades=tuple((at(10.0**n, 0.0)[0], f"1e{n}") for n in (low, high)),
        panels=tuple(panels),
    )
