"""A comparison as Markdown for a pull request or a job summary, with a limit on its length."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dropout_props.report.changes import side_line, tally_line, trouble_lines, verdict_words
from dropout_props.report.markdown_text import escaped
from dropout_props.report.programs import program_lines

if TYPE_CHECKING:
    from dropout_props.results.comparison import Comparison, Row

__all__ = ["CAP", "comparison_markdown", "step_summary"]

CAP = 60_000
"""The most characters: a comment on a pull request holds 65,536."""

_cell = partial(escaped, length=300)
_FAILED = "failed"


def comparison_markdown(comparison: Comparison, *, exit_code: int, cap: int = CAP) -> str:
    """Return the comparison as Markdown of at most `cap` characters.

    Rows that fail come first. Rows that do not fit are left out and counted. The programs that show
    known deviations are at the end, as far as they fit.
    """
    outcome = {0: "passed", 6: "is inconclusive", 3: "is incomplete"}.get(exit_code, _FAILED)
    head = [
        f"## The upgrade gate {outcome}",
        "",
        f"{_cell(tally_line(comparison))}",
        "",
        f"- {_cell(side_line(comparison.base))}",
        f"- {_cell(side_line(comparison.candidate))}",
        *(f"- **{_cell(line)}**" for line in trouble_lines(comparison)),
        "",
    ]
    if comparison.shown:
        head += [
            "| change | subject | property | base → candidate | reason |",
            "|---|---|---|---|---|",
        ]
    pairs = [
        f"{d.name} {d.base or 'absent'} → {d.candidate or 'absent'}" for d in comparison.installed
    ]
    tail = [""]
    tail += [f"- note: {_cell(note)}" for note in comparison.notes[:20]]
    if pairs:
        tail += [
            "",
            "<details><summary>Installed or set differently</summary>",
            "",
            _cell(", ".join(pairs), length=6000),
            "",
            "</details>",
        ]
    rows = [_row(row) for row in comparison.shown]
    used = sum(len(line) + 1 for line in (*head, *tail)) + 120
    kept: list[str] = []
    for row in rows:
        if used + len(row) + 1 > cap:
            break
        kept.append(row)
        used += len(row) + 1
    if len(kept) < len(rows):
        missing = len(rows) - len(kept)
        tail = ["", f"{missing} more rows do not fit here; `--json` holds them all.", *tail]
    room = cap - sum(len(line) + 1 for line in (*head, *kept, *tail))
    tail += program_lines(comparison.shown[: len(kept)], room=room)
    return "\n".join([*head, *kept, *tail]) + "\n"


def _row(row: Row) -> str:
    change = f"**{row.change}**" if row.change.fails else str(row.change)
    property_id = f"{row.property_id} {row.name}"
    cells = (row.subject, property_id, verdict_words(row), row.detail)
    return f"| {change} | " + " | ".join(_cell(cell) for cell in cells) + " |"


def step_summary(text: str) -> bool:
    """Append a text to the summary of a CI step; return whether the step has a summary."""
    place = os.environ.get("GITHUB_STEP_SUMMARY")
    if not place:
        return False
    with Path(place).open("a", encoding="utf-8") as file:
        file.write(text)
    return True
