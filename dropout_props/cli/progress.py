"""Progress displays, on standard error: of the pairs of a run, and of environments side by side.

Standard output holds the report alone. A display leaves nothing behind when its block ends.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dropout_props.gate.side_process import SideJob, SideStatus
    from dropout_props.properties import Property
    from dropout_props.results.records import PropertyResult, RunResult
    from dropout_props.subjects.subject import Subject

__all__ = ["PairDisplay", "progress_of_pairs", "progress_of_releases", "run_sides"]


def _columns(*first: ProgressColumn) -> tuple[ProgressColumn, ...]:
    return (*first, MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))


class PairDisplay:
    """Shows which pair is being judged, and how many are done.

    Attributes:
        done: the results so far, for a run that is interrupted.
    """

    def __init__(self, progress: Progress, total: int) -> None:
        self.done: list[PropertyResult] = []
        self._progress = progress
        self._task = progress.add_task("starting", total=total)

    def start(self, subject: Subject, prop: Property) -> None:
        """Show the pair that is judged now."""
        self._progress.update(self._task, description=f"{subject.name} {prop.id} {prop.name}")

    def finish(self, result: PropertyResult) -> None:
        """Store a result, and count its pair as done."""
        self.done.append(result)
        self._progress.advance(self._task)
        self._progress.update(self._task, description=f"{result.subject} {result.property_id}")


@contextmanager
def progress_of_pairs(total: int) -> Iterator[PairDisplay]:
    """Show a display of `total` pairs while the block runs."""
    columns = _columns(BarColumn(bar_width=24))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield PairDisplay(progress, total)


@contextmanager
def progress_of_releases(total: int) -> Iterator[Callable[[str], None]]:
    """Show how many of `total` releases are judged; call what is returned with each."""
    columns = _columns(BarColumn(bar_width=24))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("the cluster judges", total=total)
        yield lambda release: progress.update(task, advance=1, description=f"flax {release}")


def run_sides(jobs: list[SideJob]) -> list[RunResult]:
    """Run the sides of a gate at once, and show how far each is; print each note once."""
    from dropout_props.gate.side_process import run_all

    console = Console(stderr=True)
    columns = _columns(TextColumn("{task.fields[label]}"), BarColumn(bar_width=20))
    printed: set[str] = set()
    with Progress(*columns, console=console, transient=True) as progress:
        tasks = [progress.add_task("waiting", total=None, label=job.label) for job in jobs]

        def show(sides: list[SideStatus]) -> None:
            for task, side in zip(tasks, sides, strict=True):
                progress.update(task, completed=side.done, total=side.total, description=side.doing)
                for line in _notes(side):
                    if line not in printed:
                        printed.add(line)
                        console.print(line, highlight=False, markup=False, soft_wrap=True)

        return run_all(jobs, show=show)


def _notes(side: SideStatus) -> list[str]:
    lines = list(side.notes)
    if side.versions:
        versions = ", ".join(f"{name} {version}" for name, version in side.versions.items())
        lines.append(f"{side.label}: {versions}")
    return lines
