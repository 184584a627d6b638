"""The support matrix as Markdown: verdicts by property and release, and what each step changed.

A table of verdicts fits the width of a laptop: neighbouring releases whose verdicts are the same
share one column, and the newest releases are on the left, so that a narrow window cuts off the
oldest.
"""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from dropout_props.report.changes import side_line, tally_line
from dropout_props.report.markdown_text import escaped
from dropout_props.results.comparison import Change
from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dropout_props.results.comparison import Comparison, Row
    from dropout_props.results.records import RunResult

__all__ = ["LEGEND", "MARKS", "matrix_page"]

MARKS = {
    Verdict.PASS: "✓",
    Verdict.KNOWN: "K",
    Verdict.FAIL: "**F**",
    Verdict.INCONCLUSIVE: "?",
    Verdict.BLOCKED: "b",
    Verdict.NOT_APPLICABLE: "·",
    Verdict.ERROR: "**E**",
}
LEGEND = (
    "✓ pass, K known deviation, **F** fail, **E** error, ? inconclusive, b blocked by another "
    "property, · not applicable; an empty cell: not judged."
)
_cell = partial(escaped, length=260)


def matrix_page(
    releases: Sequence[str],
    results: Sequence[RunResult],
    steps: Sequence[Comparison],
    *,
    command: str,
) -> str:
    """Return the page.

    Args:
        releases: names of the releases of Flax, oldest first, with the platform if it is not the
            CPU, as in `0.12.12 cuda`.
        results: one for each release.
        steps: the comparison of each release with the one before.
        command: the command that writes the page.
    """
    lines = [
        "# Support matrix",
        "",
        f"Written by `{command}`; do not edit it by hand.",
        "Each release of Flax was judged in an environment of its own, with the JAX that belongs",
        "to it, and compared with the release before it. In the tables of verdicts, neighbouring",
        "releases whose verdicts are all the same share one column; the newest is on the left.",
        "",
        "| Flax | JAX | Python | NumPy | devices | properties judged | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for release, result in zip(releases, results, strict=True):
        v = result.versions
        cells = [release, *(v.get(name, "") for name in ("jax", "python", "numpy"))]
        cells.append(result.flags.get("device", ""))
        judged = (result.stopped and _cell(result.stopped)) or str(len(result.results))
        lines.append(f"| {' | '.join(cells)} | {judged} | {result.seconds:.0f} |")
    for subject in dict.fromkeys(one.subject for r in results for one in r.results):
        lines += _table(subject, releases, results)
    lines += ["", "## What changed where", ""]
    for step in steps:
        lines += _step(step)
    return "\n".join(lines) + "\n"


def _table(subject: str, releases: Sequence[str], results: Sequence[RunResult]) -> list[str]:
    found = [
        {one.property_id: one for one in result.results if one.subject == subject}
        for result in results
    ]
    properties = sorted(
        {property_id: one.name for row in found for property_id, one in row.items()}.items()
    )
    columns = [
        (release, tuple(MARKS[row[p].verdict] if p in row else "" for p, _ in properties))
        for release, row in zip(releases, found, strict=True)
    ]
    shared = [
        ([release for release, _ in group], marks)
        for (_, marks), group in groupby(
            columns, key=lambda one: (one[0].partition(" ")[2], one[1])
        )
    ][::-1]
    lines = [
        "",
        f"## {subject}",
        "",
        LEGEND,
        "",
        f"| property | {' | '.join(_heading(group) for group, _ in shared)} |",
        f"|---|{'---|' * len(shared)}",
    ]
    for number, (property_id, name) in enumerate(properties):
        cells = " | ".join(marks[number] for _, marks in shared)
        lines.append(f"| {property_id} {_cell(name)} | {cells} |")
    return lines


def _heading(releases: Sequence[str]) -> str:
    """Return the heading of a column of neighbouring releases."""
    return releases[0] if len(releases) == 1 else f"{releases[0]} to {releases[-1]}"


def _step(step: Comparison) -> list[str]:
    head = [
        f"### {step.base.label} → {step.candidate.label}",
        "",
        f"{side_line(step.base)}; {side_line(step.candidate)}. {tally_line(step)}.",
        "",
    ]
    lines: list[str] = []
    groups: dict[tuple[str, Change], list[Row]] = {}
    for row in step.changed:
        if row.change is not Change.KNOWN or row.base != row.candidate:
            groups.setdefault((row.subject, row.change), []).append(row)
    for (subject, change), rows in groups.items():
        if change is Change.REKEYED:
            properties = ", ".join(row.property_id for row in rows)
            detail = next((r.detail for r in rows if r.property_id == "masks"), rows[0].detail)
            lines.append(f"- {subject}: **{change}** ({properties}): {_cell(detail)}")
            continue
        lines += [
            f"- {subject}: **{change}**: {row.property_id} {_cell(row.name)}: {_cell(row.detail)}"
            for row in rows
        ]
    lines += [f"- note: {_cell(note)}" for note in step.notes]
    lines += [f"- {_cell(d)}" for d in (step.base.trouble, step.candidate.trouble) if d]
    return [*head, *(lines or ["Everything is identical."]), ""]
