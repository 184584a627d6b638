"""Runs work on another machine only if the versions and flags there are those of the owner.

A result file names one environment. A result from another one would be filed under the wrong name,
and known deviations would be matched against the wrong versions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic

from dropout_props.engine.pool import TaskSource
from dropout_props.engine.pool.cluster import ClusterPool, NoCluster
from dropout_props.engine.pool.worker import Result, Task
from dropout_props.environment import installed

__all__ = ["SameEnvironment", "run_on"]


class SameEnvironment(Generic[Task, Result]):
    """Work that compares environments at its first task.

    Args:
        work: called with each task; it has to be picklable.
        conditions: versions, flags and devices of the owner, by name.
    """

    def __init__(self, work: Callable[[Task], Result], conditions: Mapping[str, str]) -> None:
        self._work = work
        self._conditions = dict(conditions)
        self._is_checked = False

    def __call__(self, task: Task) -> Result:
        """Run one task.

        Raises:
            NoCluster: the environment differs.
        """
        if not self._is_checked:
            here = installed.probe().conditions
            if different := [
                f"{name}: {one} here, {here.get(name)} in a worker"
                for name, one in self._conditions.items()
                if here.get(name) != one
            ]:
                raise NoCluster(
                    f"the workers of the cluster have another environment: {'; '.join(different)}. "
                    "Install the same versions, and set the same flags and JAX_PLATFORMS."
                )
            self._is_checked = True
        return self._work(task)


def run_on(
    address: str, work: Callable[[Task], Result], *, limit: float | None = None
) -> Callable[[TaskSource[Task, Result]], None]:
    """Return a function that runs a source of tasks on a cluster.

    Args:
        address: of the scheduler.
        work: called with each task; it has to be picklable.
        limit: seconds that one task may take; None for no limit.
    """
    same = SameEnvironment(work, installed.probe().conditions)
    return ClusterPool(same, address=address, limit=limit).run
