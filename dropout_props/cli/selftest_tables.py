"""The output of `selftest`: a line for each figure as soon as it is known, and what failed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from dropout_props.cli.console import console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dropout_props.selftest.kill_matrix import Task
    from dropout_props.selftest.kills import KillMatrix
    from dropout_props.selftest.measured import Measured
    from dropout_props.selftest.null import Caught
    from dropout_props.selftest.power import Power

__all__ = ["mutant_display", "print_caught", "print_kills", "print_measured", "print_power"]


def _say(text: str) -> None:
    console().print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def mutant_display(total: int) -> Iterator[Callable[[Task, int], None]]:
    """Show the progress over `total` layers on standard error."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("judging", total=total)

        def show(one: Task, done: int) -> None:
            progress.update(task, completed=done, description=f"{one.mutant} ({one.api})")

        yield show


def print_kills(matrix: KillMatrix) -> None:
    """Print one line for each mutant and API, then what went wrong."""
    table = Table("mutant", "api", "killed by", "draws", "s", box=None)
    for mutant, api in dict.fromkeys((k.mutant, k.api) for k in matrix.kills if not k.control):
        kills = [kill for kill in matrix.of(mutant, api) if kill.killed]
        properties = ", ".join(dict.fromkeys(kill.property_id for kill in kills))
        draws = max((kill.draws for kill in kills), default=0)
        seconds = sum(kill.seconds for kill in kills) / len(matrix.run_seeds)
        cells = (properties or "survived", f"{draws:.1e}" if draws else "", f"{seconds:.1f}")
        table.add_row(mutant, api, *cells)
    console().print(table)
    for title, found in (("SURVIVED", matrix.survivors), ("FLAGGED", matrix.flagged)):
        for kill in found:
            _say(f"{title} {kill}: {kill.shown}")
    for property_id in matrix.idle:
        _say(f"IDLE {property_id} killed nothing")
    mutants = len({(k.mutant, k.api) for k in matrix.kills if not k.control})
    controls = len({(k.mutant, k.api) for k in matrix.kills if k.control})
    _say(
        f"{mutants} mutants: {len(matrix.survivors)} survived; {controls} controls: "
        f"{len(matrix.flagged)} flagged; {len(matrix.idle)} properties idle; "
        f"profile {matrix.profile}, {len(matrix.run_seeds)} run seeds"
    )


def print_measured(figures: Iterable[Measured]) -> list[Measured]:
    """Print and return figures about the false fail rate."""
    found = []
    for one in figures:
        found.append(one)
        _say(
            f"{'passed' if one.held else 'FAILED'}  {one.part}: {one.what}: {one.figure:.3g} "
            f"(at most {one.upper:.3g} with 99.9 % confidence), bound {one.bound:.3g}; {one.note}"
        )
    return found


def print_caught(caught: Iterable[Caught]) -> list[Caught]:
    """Print and return which bugs of the suite itself were caught."""
    found = []
    for one in caught:
        found.append(one)
        seen = "; ".join(f"{f.what}: {f.figure:.3g} for {f.bound:.3g}" for f in one.failed)
        _say(f"{'caught' if one.failed else 'SURVIVED'}  {one.mutant}, by ({one.part}): {seen}")
    return found


def print_power(figures: Iterable[Power]) -> list[Power]:
    """Print and return miss rates at the promised discrepancy."""
    found = list(figures)
    table = Table("property", "counts", "rate", "missed", "at most", "a quarter passes", box=None)
    for one in found:
        cells = (f"{one.missed.figure:.2g}", f"{one.missed.upper:.2g}", f"{one.near_passed:.2%}")
        table.add_row(one.property_id, one.family, str(one.rate), *cells)
    console().print(table)
    bad = [one for one in found if not one.passed]
    for one in bad:
        _say(f"FAILED {one.property_id} {one.family} at rate {one.rate}")
    _say(
        f"{len(found)} families of counts: {len(bad)} miss the promised discrepancy more often "
        f"than {found[0].missed.bound:g} (99.9 % confidence), or mostly fail at a quarter of it"
    )
    return found
