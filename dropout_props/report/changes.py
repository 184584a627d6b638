"""A comparison on a terminal, and the sentences about it that Markdown and JUnit share.

Classes that fail come first. Every row gives the reason for its class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from dropout_props.results.comparison import Change

if TYPE_CHECKING:
    from rich.console import Console

    from dropout_props.results.comparison import Comparison, Row, Side

__all__ = [
    "STYLES",
    "installed_lines",
    "print_changes",
    "side_line",
    "tally_line",
    "trouble_lines",
    "verdict_words",
]

STYLES = {
    Change.REGRESSED: "bold red",
    Change.CONTRACT: "bold red",
    Change.REMOVED: "bold red",
    Change.GONE: "bold red",
    Change.INACTIVE: "bold red",
    Change.OTHER_RATE: "bold red",
    Change.OTHER_SHARING: "bold red",
    Change.NEW: "bold red",
    Change.ERROR: "bold magenta",
    Change.INCONCLUSIVE: "yellow",
    Change.SHIFTED: "yellow",
    Change.REKEYED: "yellow",
    Change.STILL_FAILING: "red",
    Change.KNOWN: "cyan",
    Change.FIXED: "green",
    Change.ADDED: "green",
    Change.IDENTICAL: "dim",
}
_FIRST = ("python", "flax", "jax", "jaxlib", "numpy")


def side_line(side: Side) -> str:
    """Return the versions of one side, on one line."""
    versions = ", ".join(
        f"{name} {side.versions[name]}" for name in _FIRST if name in side.versions
    )
    return f"{side.label}: {versions or 'its versions are unknown'}"


def trouble_lines(comparison: Comparison) -> list[str]:
    """Return a line for each side without a complete result: why, and what to do."""
    sides = (comparison.base, comparison.candidate)
    return [f"{side.label}: {side.trouble}" for side in sides if side.trouble]


def tally_line(comparison: Comparison) -> str:
    """Return the number of rows of each class, those that fail first."""
    tally = comparison.tally
    parts = [f"{tally[change]} {change}" for change in Change if tally[change]]
    return ", ".join(parts) or "nothing was compared"


def verdict_words(row: Row) -> str:
    """Return the verdicts of both sides, or one where they are equal."""
    return row.base if row.base == row.candidate else f"{row.base} → {row.candidate}"


def print_changes(comparison: Comparison, console: Console) -> None:
    """Print changes, all sites of a program, notes, what is installed differently, and counts."""
    for side in (comparison.base, comparison.candidate):
        console.print(side_line(side), highlight=False, soft_wrap=True)
    for row in comparison.shown:
        console.print(_row(row), soft_wrap=True)
    for note in comparison.notes:
        console.print(f"note: {note}", highlight=False, markup=False)
    for line in installed_lines(comparison):
        console.print(line, highlight=False, markup=False)
    for line in trouble_lines(comparison):
        console.print(line, style="bold red", highlight=False, markup=False)
    console.print(tally_line(comparison), style="bold", highlight=False)


def installed_lines(comparison: Comparison) -> list[str]:
    """Return what is installed or set differently; distributions of one side are only counted."""
    both = [d for d in comparison.installed if d.base and d.candidate]
    alone = len(comparison.installed) - len(both)
    lines = []
    if both:
        pairs = ", ".join(f"{d.name} {d.base} → {d.candidate}" for d in both)
        lines.append(f"installed or set differently: {pairs}")
    if alone:
        lines.append(f"installed on one side alone: {alone} distributions (`--json` names them)")
    return lines


def _row(row: Row) -> Text:
    text = Text(f"{row.change!s:<18}", style=STYLES[row.change])
    text.append(f"{row.subject}  {row.property_id} {row.name}", style="bold")
    text.append(f"  {_short(verdict_words(row), 70)}\n", style="default")
    text.append(f"{'':<18}{_short(row.detail, 400)}", style="dim")
    return text


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
