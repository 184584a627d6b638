"""Judges releases of Flax on the workers of a Dask cluster, each in an environment made there.

A worker makes the environment with uv, as the owner would, and keeps it in its own cache. Nothing
is judged on a worker whose Python, devices or flags differ from those of the owner.

Guarantee: the result of a release is that of `run_all` for the same job, whichever worker judges
it. A worker that dies costs time alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dropout_props.gate.side_process import empty_result, run_one

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dropout_props.engine.pool import Lost
    from dropout_props.gate.column import Column
    from dropout_props.gate.side_process import SideJob
    from dropout_props.results.records import RunResult

__all__ = ["ReleaseTask", "judge", "run"]


@dataclass(frozen=True)
class ReleaseTask:
    """A release to judge, as plain values, since it is sent to other machines.

    Args:
        column: the release, and the platform on which it is judged.
        python: version of the interpreter; empty for one that suits the release.
        request: that of `SideJob`, as JSON.
        timeout: seconds until the release is stopped.
    """

    column: Column
    python: str
    request: str
    timeout: float

    @property
    def job(self) -> SideJob:
        """The job of this task, for the machine on which it is."""
        return self.column.job(
            json.loads(self.request), python=self.python or None, timeout=self.timeout
        )


def judge(task: ReleaseTask) -> RunResult:
    """Judge one release on this machine."""
    return run_one(task.job)


def run(
    columns: Sequence[Column],
    request: dict[str, Any],
    *,
    address: str,
    python: str | None,
    timeout: float,
    on_result: Callable[[Column, RunResult], None],
) -> None:
    """Judge each release on a worker.

    Args:
        columns: the releases, with their platforms.
        request: as in `SideJob`.
        address: of the Dask scheduler.
        python: version of the interpreter; None for one that suits the release.
        timeout: seconds for one release.
        on_result: called with each column and its result, as they come.

    Raises:
        CannotStart: the cluster cannot be used.
    """
    from dropout_props.engine.pool import in_parallel
    from dropout_props.engine.run.same_environment import run_on

    text = json.dumps(request)
    tasks = [ReleaseTask(column, python or "", text, timeout) for column in columns]

    def lost(task: ReleaseTask, why: Lost) -> None:
        on_result(task.column, empty_result(task.job, str(why)))

    in_parallel(
        judge,
        tasks,
        processes=1,
        done=lambda task, result: on_result(task.column, result),
        lost=lost,
        run_in=run_on(address, judge),
    )
