"""Writes the page: fills the template with a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropout_props.report.html.forest import forest
from dropout_props.report.html.masks import Mask, mask
from dropout_props.report.html.rendering import (
    SIGNS,
    Banner,
    environment_line,
    number,
    render,
)
from dropout_props.report.html.traces import traces
from dropout_props.report.terminal import header, tally_line
from dropout_props.results.exit_codes import ExitCode, of_run
from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from dropout_props.results.records import PropertyResult, RunResult

__all__ = ["page"]

_RED = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE)
_MOST_COUNTS = 5


@dataclass(frozen=True)
class _Row:
    """A property in the table of verdicts: one cell a subject."""

    property_id: str
    name: str
    cells: tuple[PropertyResult | None, ...]


@dataclass(frozen=True)
class _Counted:
    """A count of a failure, in words."""

    what: str
    seen: str
    expected: str
    possible: str
    evidence: str


def page(run: RunResult) -> str:
    """Write a run as one HTML page without other files.

    Args:
        run: the result of a run, whole or stopped.

    Returns:
        The page. Texts of the run, names of subjects among them, are escaped.
    """
    red = sorted((one for one in run.results if one.verdict in _RED), key=_follows)
    blocked = sum(one.verdict is Verdict.BLOCKED for one in run.results)
    subjects = list(dict.fromkeys(one.subject for one in run.results))
    judged = f"{len(run.results)} of {run.collected}"
    completeness = f"{judged} pairs of subject and property were judged"
    if blocked:
        completeness += f"; {blocked} wait for a property that did not pass"
    banner = Banner(
        outcome=_outcome(run, red),
        bad=of_run(run) is not ExitCode.PASS,
        tally=tally_line(run) + (f". The run ended early: {run.stopped}" if run.stopped else ""),
        lines=(f"{completeness}.", environment_line(run.versions, run.flags)),
    )
    return render(
        "run.html.jinja",
        banner,
        run=run,
        red=[(one, _counted(one), _masks(one)) for one in red],
        known=[one for one in run.results if one.verdict is Verdict.KNOWN],
        subjects=subjects,
        rows=_rows(run, subjects),
        forest=forest(run),
        traces=traces(run),
        head=header(run, run.profile),
        signs=[(sign, verdict) for verdict, sign in SIGNS.items()],
        excluded=_excluded(run),
    )


def _follows(one: PropertyResult) -> bool:
    """Return whether another failure explains this one; root causes sort first."""
    return bool(one.root_id)


def _masks(one: PropertyResult) -> list[Mask]:
    """Return the pictures of the masks that a failure has."""
    found = one.failure.masks if one.failure is not None else ()
    return [mask(lines, f"key {number}") for number, lines in enumerate(found, start=1)]


def _counted(one: PropertyResult) -> list[_Counted]:
    """Return the counts with the most evidence against the property, strongest first."""
    found = [(counts, example.case) for example in one.examples for counts in example.counts]
    found.sort(key=lambda pair: -pair[0].log10_evidence)
    return [
        _Counted(
            what=f"{counts.label}, {case}",
            seen=f"{counts.worst_successes:,} of {counts.worst_trials:,}",
            expected=f"{counts.lowest:.6g}"
            + (f" to {counts.highest:.6g}" if counts.highest > counts.lowest else ""),
            possible=f"{counts.interval[0]:.4g} to {counts.interval[1]:.4g}",
            evidence=f"10^{counts.log10_evidence:.1f}",
        )
        for counts, case in found[:_MOST_COUNTS]
        if counts.worst_trials
    ]


def _outcome(run: RunResult, red: list[PropertyResult]) -> str:
    """Return the first sentence of the page."""
    if not run.results:
        return "Nothing was judged."
    if red:
        return f"{number(len(red), 'pair')} of subject and property did not pass."
    if of_run(run) is ExitCode.FAILURE:
        return "A property that was not selected failed, and blocks others."
    if run.complete:
        return "Every property that was judged passes, or deviates as listed."
    return "No property failed, but the run is not complete."


def _rows(run: RunResult, subjects: list[str]) -> list[_Row]:
    found = {(one.subject, one.property_id): one for one in run.results}
    names = {one.property_id: one.name for one in run.results}
    return [
        _Row(
            property_id,
            name,
            tuple(found.get((subject, property_id)) for subject in subjects),
        )
        for property_id, name in sorted(names.items())
    ]


def _excluded(run: RunResult) -> list[tuple[str, str]]:
    """Return what the pass of each counted property excludes: its subject and name, and words."""
    return [
        (f"{one.subject} {one.property_id} {one.name}", one.shown)
        for one in run.results
        if one.verdict is Verdict.PASS and one.examples and one.shown
    ]
