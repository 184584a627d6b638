"""`dropout-props plan`: prints what each property detects and what that costs; no layer is run."""

from __future__ import annotations

from itertools import groupby
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from dropout_props.cli.console import console
from dropout_props.cli.options import profile_option
from dropout_props.results.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropout_props.results.forecast import Forecast

__all__ = ["command"]

_LEAST = 12  # least width of the first column, the only one that is folded
_INDENT, _GAP = "  ", "  "


@click.command("plan")
@profile_option
def command(*, profile: str) -> int:
    """Print the discrepancy that each statistical property detects, and the trials that it takes.

    Nothing is sampled. A discrepancy is given in standard deviations of one trial, and as a
    difference of probabilities at three keep rates.
    """
    from dropout_props.cli.shipped import plan

    shown = plan(profile)
    found = list(shown.forecasts)
    keeps = tuple(f"keep\n{keep:g}" for keep in shown.keep_rates)
    headings = ("counts", "how\nmany", "detects,\nin sd", *keeps, "trials", "fixed\nsample", "s")
    rows = [headings, *map(_cells, found)]
    widths = [
        max(len(line) for cell in column for line in cell.split("\n"))
        for column in zip(*rows, strict=True)
    ]
    rest = sum(widths[1:]) + len(_INDENT) + len(_GAP) * (len(widths) - 1)
    printed = console()
    widths[0] = max(_LEAST, min(widths[0], printed.width - rest))
    lines = [*_lines(headings, widths)]
    for property_id, members in groupby(
        zip(found, rows[1:], strict=True), key=lambda pair: pair[0].property_id
    ):
        lines += [f"{property_id} {shown.names[property_id]}"]
        lines += [line for _, cells in members for line in _lines(cells, widths)]
    for line in lines:
        printed.print(line, markup=False, highlight=False, soft_wrap=True)
    by_property: dict[str, float] = {}
    for one in found:
        by_property[one.property_id] = max(by_property.get(one.property_id, 0.0), one.seconds)
    printed.print(
        f"profile {profile}: {shown.statistical_examples} cases of each property; "
        f"{sum(by_property.values()):.0f} s of drawing for each subject, compilation not counted. "
        f"A run of correct code fails with a chance of at most "
        f"{shown.false_fail_rate:g}, {shown.share:.2g} for each property; a "
        f"promised discrepancy is missed with a chance of at most "
        f"{shown.false_pass_rate:g}. Discrepancies are given in standard deviations of "
        'one trial, and as a difference of probabilities at each keep rate. "fixed sample" is the '
        "n of the exact test of one sample with the same error rates, at keep "
        f"{shown.keep_rates[0]:g}. {_round_trip(found)}",
        markup=False,
        highlight=False,
    )
    return ExitCode.PASS


def _cells(one: Forecast) -> tuple[str, ...]:
    shifts = [f"{shift:.2g}" if shift else "" for shift in one.shifts]
    numbers = (f"{one.num_trials:.1e}", f"{one.fixed_num_trials:.1e}", f"{one.seconds:.1f}")
    return (one.family, str(one.members), f"{one.promised:g}", *shifts, *numbers)


def _lines(cells: tuple[str, ...], widths: list[int]) -> Iterator[str]:
    """Yield the lines of one row, as many as its longest cell needs."""
    columns = [
        wrap(cells[0], widths[0], break_on_hyphens=False),
        *(cell.split("\n") for cell in cells[1:]),
    ]
    for number in range(max(map(len, columns))):
        parts = [column[number] if number < len(column) else "" for column in columns]
        first, *others = [
            part.ljust(width) if not place else part.rjust(width)
            for place, (part, width) in enumerate(zip(parts, widths, strict=True))
        ]
        yield f"{_INDENT}{_GAP.join((first, *others))}".rstrip()


def _round_trip(found: list[Forecast]) -> str:
    """Return a sentence about whether `min_num_trials` and `min_discrepancy` are inverse."""
    other = [one for one in found if one.round_trip != one.fixed_num_trials]
    least = min(one.resolvable / one.shifts[0] for one in found)
    text = (
        f"Such a sample detects {least:.6f} or more of the discrepancy, never more than all of it, "
        f"and min_num_trials(min_discrepancy(n)) = n for {len(found) - len(other)} of {len(found)} "
        "families."
    )
    for one in other:
        text += f" {one.property_id} {one.family}: {one.round_trip} for {one.fixed_num_trials}."
    return text
