"""The progress of several sides at once, on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from dropout_props.gate.side_process import Asked, Running
    from dropout_props.results.records import RunResult

__all__ = ["race"]


def race(asked: list[Asked]) -> list[RunResult]:
    """Run the sides at once, and show how far each is and what it runs on."""
    from dropout_props.gate.side_process import run_all

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.fields[label]}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    told: set[str] = set()
    with Progress(*columns, console=console, transient=True) as progress:
        tasks = [progress.add_task("waiting", total=None, label=one.label) for one in asked]

        def show(running: list[Running]) -> None:
            for task, one in zip(tasks, running, strict=True):
                progress.update(task, completed=one.done, total=one.total, description=one.doing)
                for line in _news(one):
                    if line not in told:
                        told.add(line)
                        console.print(line, highlight=False, markup=False, soft_wrap=True)

        return run_all(asked, show=show)


def _news(one: Running) -> list[str]:
    lines = list(one.notes)
    if one.versions:
        versions = ", ".join(f"{name} {version}" for name, version in one.versions.items())
        lines.append(f"{one.label}: {versions}")
    return lines
