"""The report on a terminal: header, table, a paragraph for each failure, and a line of counts."""

from __future__ import annotations

from math import floor, log10
from textwrap import indent
from typing import TYPE_CHECKING

from rich.text import Text

from dropout_props.report.results_table import STYLES, table
from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from dropout_props.results.records import PropertyResult, RunResult

__all__ = [
    "STYLES",
    "brief_header",
    "header",
    "labelled",
    "paragraph",
    "plain_paragraph",
    "print_report",
    "table",
    "tally_line",
]

_EXPLAINED = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.KNOWN)


_SHOWN = ("flax", "jax", "numpy", "python")


def power_of_ten(rate: float) -> str:
    """Return a rate as in 1.3e-12, without leading zeros in the exponent."""
    exponent = floor(log10(rate))
    mantissa = f"{rate / 10.0**exponent:.1f}".removesuffix(".0")
    return f"{mantissa}e{exponent}"


def brief_header(result: RunResult) -> list[str]:
    """Return the lines of the first screen about versions, run seed, profile and budget."""
    versions = ", ".join(
        f"{name} {result.versions[name]}" for name in _SHOWN if name in result.versions
    )
    return [
        f"dropout_props on {versions}",
        f"run seed {result.run_seed}, profile {result.profile}",
        (
            f"budget: a false alarm in at most {power_of_ten(result.false_fail_rate)} of all runs, "
            "whatever is selected"
        ),
    ]


def header(result: RunResult, profile: str) -> list[str]:
    """Return the lines about versions, flags, run seed, profile and error rates."""
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    flags = ", ".join(f"{name} {value}" for name, value in result.flags.items())
    return [
        f"dropout_props on {versions}",
        f"{flags}",
        f"run seed {result.run_seed}, profile {profile}",
        (
            f"budget: a false alarm in at most {power_of_ten(result.false_fail_rate)} of all runs, "
            f"shared by {result.num_properties} statistical properties, "
            f"{power_of_ten(result.share)} each a subject; "
            f"a promised discrepancy is missed at most {power_of_ten(result.false_pass_rate)} "
            "of the time"
        ),
    ]


def labelled(one: PropertyResult) -> dict[str, str]:
    """Return the sentences of a failure, by label."""
    assert one.failure is not None
    lines = {
        "diagnosis": one.failure.diagnosis,
        "stated": one.failure.statement,
        "seen": one.failure.seen,
        "decided by": one.failure.decided_by,
        "confirmation": one.failure.confirmation,
        "it means": one.failure.means,
        "known": one.failure.known,
        "reproduce": one.failure.reproduce,
    }
    return {label: line for label, line in lines.items() if line}


def paragraph(one: PropertyResult) -> Text:
    """Return the paragraph of a failure: stated, seen, decided by, meaning, how to reproduce."""
    assert one.failure is not None
    text = Text()
    text.append(f"{str(one.verdict).upper()} ", style=STYLES[one.verdict])
    text.append(f"{one.subject} {one.property_id} {one.name}\n", style="bold")
    for label, line in labelled(one).items():
        text.append(f"  {label}: ", style="dim")
        text.append(f"{line}\n")
        if label == "known" and one.failure.reproducer:
            text.append("  reproduce without dropout_props:\n", style="dim")
            text.append(indent(one.failure.reproducer.strip("\n"), " " * 4) + "\n")
    return text


def plain_paragraph(one: PropertyResult) -> str:
    """Return `paragraph` without colours."""
    return paragraph(one).plain.rstrip()


def tally_line(result: RunResult) -> str:
    """Return the last line: the number of each verdict, the seconds, and how many causes fail."""
    tally = result.tally
    parts = [f"{tally[verdict]} {verdict}" for verdict in Verdict if tally[verdict]]
    missing = result.collected - len(result.results)
    if missing:
        parts.append(f"{missing} not judged (incomplete)")
    failing = [one for one in result.results if one.verdict.fails_run]
    roots = sum(not one.root_id for one in failing)
    causes = f": {roots} root cause{'s' * (roots > 1)}" if 0 < roots < len(failing) else ""
    return f"{', '.join(parts) or 'nothing judged'} in {result.seconds:.0f} s{causes}"


def print_report(result: RunResult, console: Console) -> None:
    """Print the table, the paragraphs and the last line."""
    console.print(table(result, width=console.width))
    for one in result.results:
        if one.failure is not None and one.verdict in _EXPLAINED:
            console.print(paragraph(one))
    for note in result.notes:
        console.print(note, highlight=False, markup=False)
    console.print(tally_line(result), style="bold", highlight=False)
