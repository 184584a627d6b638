"""The page of a support matrix: properties by releases, and what each step changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dropout_props.report.changes import tally_line
from dropout_props.report.html.rendering import SIGNS, Banner, number, render
from dropout_props.results.comparison import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dropout_props.results.comparison import Comparison
    from dropout_props.results.records import PropertyResult, RunResult

__all__ = ["releases_page"]


@dataclass(frozen=True)
class _Row:
    """A property: one cell a release, None where it was not judged."""

    title: str
    cells: tuple[PropertyResult | None, ...]


@dataclass(frozen=True)
class _Table:
    """A subject."""

    subject: str
    rows: tuple[_Row, ...]


def releases_page(
    releases: Sequence[str],
    results: Sequence[RunResult],
    steps: Sequence[Comparison],
    *,
    exit_code: int,
) -> str:
    """Write the support matrix as one HTML page without other files.

    Args:
        releases: of Flax, oldest first.
        results: one for each release.
        steps: the comparison of each release with the one before.
        exit_code: the exit code of the command.

    Returns:
        The page; the newest release is the first column.
    """
    order = list(reversed(range(len(releases))))
    total = Counter(one.verdict for result in results for one in result.results)
    failing = [step for step in steps if any(row.change.fails for row in step.rows)]
    stepped = number(len(steps), "step")
    banner = Banner(
        outcome=_outcome(exit_code, len(releases)),
        bad=exit_code != 0,
        tally=", ".join(f"{total[verdict]} {verdict}" for verdict in SIGNS if total[verdict])
        or "nothing judged",
        lines=(f"{stepped} from one release to the next; a gate would fail on {len(failing)}",),
    )
    return render(
        "releases.html.jinja",
        banner,
        releases=[(releases[n], results[n]) for n in order],
        tables=_tables([results[n] for n in order]),
        steps=[(step, tally_line(step), _changed(step)) for step in reversed(steps)],
        signs=[(sign, verdict) for verdict, sign in SIGNS.items()],
    )


def _outcome(exit_code: int, number: int) -> str:
    return {
        0: f"All {number} releases pass, or deviate as listed.",
        3: "The matrix is incomplete.",
        6: "The matrix is inconclusive.",
    }.get(exit_code, "A release fails, or a step changes what dropout does.")


def _tables(results: Sequence[RunResult]) -> list[_Table]:
    found = []
    for subject in dict.fromkeys(one.subject for r in results for one in r.results):
        columns = [
            {one.property_id: one for one in result.results if one.subject == subject}
            for result in results
        ]
        names = {p: one.name for column in columns for p, one in column.items()}
        rows = tuple(
            _Row(f"{p} {name}", tuple(column.get(p) for column in columns))
            for p, name in sorted(names.items())
        )
        found.append(_Table(subject, rows))
    return found


def _changed(step: Comparison) -> list[tuple[Change, str, str]]:
    """Return the rows that changed; those known on both sides alike are left out."""
    return [
        (row.change, f"{row.subject} {row.property_id} {row.name}", row.detail)
        for row in step.changed
        if row.change is not Change.KNOWN or row.base != row.candidate
    ]
