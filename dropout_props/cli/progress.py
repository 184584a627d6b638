"""The progress display, on standard error, so that standard output holds the report alone.

It also keeps the results that are there, for a run that is interrupted.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropout_props.properties import Property
    from dropout_props.results.records import PropertyResult
    from dropout_props.subjects.subject import Subject

__all__ = ["Display", "progress_of"]


class Display:
    """Says which pair is judged, and how many are done.

    Attributes:
        done: the results so far.
    """

    def __init__(self, progress: Progress, total: int) -> None:
        self.done: list[PropertyResult] = []
        self._progress = progress
        self._task = progress.add_task("starting", total=total)

    def start(self, subject: Subject, prop: Property) -> None:
        """Show the pair that is judged now."""
        self._progress.update(self._task, description=f"{subject.name} {prop.id} {prop.name}")

    def finish(self, result: PropertyResult) -> None:
        """Keep a result, and count its pair as done."""
        self.done.append(result)
        self._progress.advance(self._task)
        self._progress.update(self._task, description=f"{result.subject} {result.property_id}")


@contextmanager
def progress_of(total: int) -> Iterator[Display]:
    """Show a display while the block runs; it leaves nothing behind."""
    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Display(progress, total)
