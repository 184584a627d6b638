"""Writes the page: fills the template with a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from dropout_props.report.html.forest import forest
from dropout_props.report.terminal import header, tally_line
from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from dropout_props.results.records import PropertyResult, RunResult

__all__ = ["page"]

_RED = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE)
_SIGNS = {
    Verdict.PASS: "✓",
    Verdict.FAIL: "✗",
    Verdict.INCONCLUSIVE: "?",
    Verdict.BLOCKED: "…",
    Verdict.NOT_APPLICABLE: "·",
    Verdict.KNOWN: "k",
    Verdict.ERROR: "!",
}


@dataclass(frozen=True)
class _Row:
    """A property in the table of verdicts: one cell a subject."""

    property_id: str
    name: str
    cells: tuple[PropertyResult | None, ...]


def page(run: RunResult) -> str:
    """Write a run as one HTML page without other files.

    Args:
        run: the result of a run, whole or stopped.

    Returns:
        The page. Texts of the run, names of subjects among them, are escaped.
    """
    environment = Environment(
        loader=PackageLoader("dropout_props.report.html"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["css"] = lambda verdict: str(verdict).replace(" ", "-")
    environment.filters["sign"] = _SIGNS.__getitem__
    red = [one for one in run.results if one.verdict in _RED]
    subjects = list(dict.fromkeys(one.subject for one in run.results))
    return environment.get_template("run.html.jinja").render(
        run=run,
        outcome=_outcome(run, red),
        tally=tally_line(run),
        red=red,
        blocked=sum(one.verdict is Verdict.BLOCKED for one in run.results),
        known=[one for one in run.results if one.verdict is Verdict.KNOWN],
        subjects=subjects,
        rows=_rows(run, subjects),
        forest=forest(run),
        head=header(run, run.profile),
        signs=[(sign, verdict) for verdict, sign in _SIGNS.items()],
        excluded=_excluded(run),
    )


def _outcome(run: RunResult, red: list[PropertyResult]) -> str:
    """Return the first sentence of the page."""
    if not run.results:
        return "Nothing was judged."
    if red:
        noun = "property" if len(red) == 1 else "properties"
        return f"{len(red)} {noun} did not pass."
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
