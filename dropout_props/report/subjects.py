"""Subjects side by side as Markdown: one verdict a property and subject, and what each violates.

Guarantee: the page is made from one result, so all subjects were judged in one environment, with
one run seed and one profile. A program below a finding is that of the list of known deviations.
Cannot say: which subject is better; a property that does not apply to a subject is not one that it
violates.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dropout_props.report.markdown_text import escaped
from dropout_props.report.matrix import LEGEND, MARKS
from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dropout_props.results.records import PropertyResult, RunResult

__all__ = ["subjects_page"]

_cell = partial(escaped, length=260)
_FINDINGS = (Verdict.FAIL, Verdict.ERROR, Verdict.KNOWN)


def subjects_page(run: RunResult, *, command: str) -> str:
    """Return the page.

    Args:
        run: a result, of one subject or more.
        command: the command that writes the page.
    """
    subjects = list(dict.fromkeys(one.subject for one in run.results))
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    lines = [
        "# Subjects side by side",
        "",
        f"Written by `{command}`; do not edit it by hand. All subjects were judged in one run with",
        f"profile {run.profile}, run seed {run.run_seed}, on {versions}.",
        "",
        LEGEND,
        "",
        *([f"Not judged to the end: {_cell(run.stopped)}.", ""] if run.stopped else []),
        *_table(run.results, subjects),
        "",
        "| subject | pass | known | fail, error or undecided | not applicable |",
        "|---|---|---|---|---|",
    ]
    for subject in subjects:
        found = [one.verdict for one in run.results if one.subject == subject]
        counts = [
            found.count(Verdict.PASS),
            found.count(Verdict.KNOWN),
            sum(verdict.fails_run for verdict in found),
            found.count(Verdict.NOT_APPLICABLE),
        ]
        lines.append(f"| {_cell(subject)} | {' | '.join(map(str, counts))} |")
    lines += ["", "## What each violates"]
    for subject in subjects:
        lines += _violations(subject, [one for one in run.results if one.subject == subject])
    return "\n".join(lines) + "\n"


def _table(results: Iterable[PropertyResult], subjects: list[str]) -> Iterator[str]:
    rows: dict[tuple[str, str], dict[str, Verdict]] = {}
    for one in results:
        rows.setdefault((one.property_id, one.name), {})[one.subject] = one.verdict
    heads = (_cell(one).replace(".", ".<br>") for one in subjects)  # so that seven fit a laptop
    yield f"| property | {' | '.join(heads)} |"
    yield f"|---|{'---|' * len(subjects)}"
    for (property_id, name), verdicts in sorted(rows.items()):
        marks = [MARKS[verdicts[one]] if one in verdicts else "" for one in subjects]
        yield f"| {property_id} {_cell(name)} | {' | '.join(marks)} |"


def _violations(subject: str, results: Iterable[PropertyResult]) -> Iterator[str]:
    found = sorted(
        (one for one in results if one.verdict in _FINDINGS), key=lambda one: one.property_id
    )
    yield from ("", f"### {_cell(subject)}", "")
    if not found:
        yield "No property that applies to it."
    for one in found:
        said = one.shown if one.failure is None else one.failure.known or one.failure.seen
        yield f"- **{one.property_id} {_cell(one.name)}** ({one.verdict}): {escaped(said)}"
        if one.failure is not None and one.failure.reproducer:
            yield from ("", "  ```python")
            yield from (f"  {line}".rstrip() for line in one.failure.reproducer.splitlines())
            yield from ("  ```", "")
