"""The same tasks on the workers of a Dask cluster, for whoever has one.

`ClusterPool` has the interface of `Pool`. In each worker of the cluster a `Pool` of one slot runs
the tasks in a process of its own: a layer that crashes or hangs ends that process and not the
worker, and is reported as it is without a cluster. A worker that dies costs time alone, since the
scheduler gives its task to another.

Guarantees: every task has a result or is lost with a reason. Dask chooses places and times, and no
result depends on them.
Cannot say: whether the workers have the installation of the owner; `engine/run/` checks that.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import threading
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic

import cloudpickle

from dropout_props.engine.pool.ending import CannotStart, Lost
from dropout_props.engine.pool.pool import Pool, TaskSource
from dropout_props.engine.pool.worker import Result, Task

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ClusterPool", "LostWithWorkers", "NoCluster"]

_PATIENCE = 30.0  # seconds until a scheduler that does not answer counts as absent
_LOOKS = 2  # without a worker, until the run ends
_KILLED = "KilledWorker"  # what Dask raises for a task with which several workers died


class NoCluster(CannotStart):
    """The cluster cannot be used; the text says why, and what to do."""


class _NotLoaded(Exception):
    """A worker cannot load the work; the text is the error there."""


@dataclass(frozen=True)
class LostWithWorkers(Lost):
    """A task with which several workers of the cluster died."""

    def __str__(self) -> str:
        return f"{self.first}; the scheduler then gave it up ({self.second})"


class ClusterPool(Generic[Task, Result]):
    """A slot for each thread of the cluster's workers.

    Args:
        work: called with each task, in a process that a worker starts; it has to be picklable.
        address: of the scheduler, as in `tcp://10.0.0.1:8786`.
        limit: seconds that one task may take; None for no limit.
    """

    def __init__(
        self, work: Callable[[Task], Result], *, address: str, limit: float | None = None
    ) -> None:
        self._work = cloudpickle.dumps(work)
        self._address = address
        self._limit = limit

    def run(self, source: TaskSource[Task, Result]) -> None:
        """Run every task of the source.

        Raises:
            NoCluster: there is no scheduler, or no worker, or they cannot load the tasks.
            BaseException: whatever a task or the source raised; the other tasks are cancelled.
        """
        with self._client(_distributed()) as client:
            try:
                self._run(client, source)
            finally:
                with suppress(Exception):  # the workers end their processes with themselves, too
                    client.run(_end_pools, self._work)

    def _client(self, distributed: Any) -> Any:
        try:
            return distributed.Client(self._address, timeout=_PATIENCE, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise NoCluster(
                f"--cluster {self._address}: no scheduler answers there: {error}. Start one with "
                "`dask scheduler`, and workers with `dask worker ADDRESS --nthreads 1`."
            ) from error

    def _run(self, client: Any, source: TaskSource[Task, Result]) -> None:
        threads: dict[str, int] = client.nthreads()
        slots = [worker for worker, count in sorted(threads.items()) for _ in range(count)]
        if not slots:
            raise NoCluster(
                f"--cluster {self._address}: it has no worker. Start some with `dask worker "
                f"{self._address} --nthreads 1`."
            )
        self._check_package(client)
        idle, running = list(range(len(slots))), dict[Any, tuple[int, Task]]()
        ended: SimpleQueue[Any] = SimpleQueue()  # Dask calls back in a thread of its own
        while True:
            for slot in list(idle):
                task = source.take(slot)
                if task is None:
                    continue
                idle.remove(slot)
                # A slot stays with its worker, whose process has compiled what comes next.
                future = client.submit(
                    _run_there,
                    self._work,
                    task,
                    self._limit,
                    workers=[slots[slot]],
                    allow_other_workers=True,
                    pure=False,
                )
                running[future] = slot, task
                future.add_done_callback(ended.put)
            if not running:
                return
            future = self._next(client, ended)
            slot, task = running.pop(future)
            idle.append(slot)
            source.put(task, self._result(future))

    def _check_package(self, client: Any) -> None:
        """Refuse a cluster whose workers lack this package: its first task would end each of them.

        Raises:
            NoCluster: a worker cannot import it.
        """
        package = __name__.partition(".")[0]
        # A function of the standard library, which every worker can load.
        found = client.run(resources.files, package, on_error="return")
        for worker, error in sorted(found.items()):
            if isinstance(error, Exception):
                raise self._cannot_load(f"the worker {worker} cannot import {package}", error)

    def _cannot_load(self, what: str, error: BaseException) -> NoCluster:
        why = str(error) if isinstance(error, _NotLoaded) else f"{type(error).__name__}: {error}"
        return NoCluster(
            f"--cluster {self._address}: {what} ({why}). Install in the "
            "scheduler and the workers what is installed here, and start them where layers can be "
            "imported."
        )

    def _next(self, client: Any, ended: SimpleQueue[Any]) -> Any:
        """Wait for a task to end.

        Raises:
            NoCluster: the scheduler is gone, or the last worker.
        """
        without_worker = 0  # times in a row: one that has died may be started again meanwhile
        while without_worker < _LOOKS:
            with suppress(Empty):
                return ended.get(timeout=_PATIENCE)
            if client.status not in ("running", "connecting"):
                raise NoCluster(
                    f"--cluster {self._address}: the scheduler is gone ({client.status}). Run "
                    "again when the cluster is up."
                )
            without_worker = 0 if client.nthreads() else without_worker + 1
        raise NoCluster(
            f"--cluster {self._address}: no worker is left, and none has come back. Their logs "
            "say why they ended. Start some again, and run again."
        )

    def _result(self, future: Any) -> Any:
        """Return the result of a task, or how it was lost.

        Raises:
            NoCluster: the scheduler has dropped it, or it or the worker cannot load it.
            Exception: the task raised it.
        """
        if future.status == "finished":
            return future.result()
        if future.status != "error":
            raise NoCluster(
                f"--cluster {self._address}: the scheduler dropped a task ({future.status}). Run "
                "again when the cluster is up."
            )
        error = future.exception()
        if type(error).__name__ == _KILLED:
            return LostWithWorkers("workers of the cluster died with it", str(error).split(".")[0])
        if isinstance(error, (ImportError, _NotLoaded)):
            raise self._cannot_load("a worker cannot load the task", error) from error
        if isinstance(error, RuntimeError) and "deserialization of the task" in str(error):
            cause = error.__cause__ or error
            raise self._cannot_load("the scheduler cannot load the task", cause) from error
        raise error


def _distributed() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise NoCluster(
            "--cluster needs Dask: install `dropout-props[cluster]` here and in the workers."
        ) from error
    return distributed


class _One(Generic[Task, Result]):
    """A source of one task."""

    def __init__(self, task: Task) -> None:
        self._waiting = [task]
        self.result: Result | Lost | None = None

    def take(self, slot: int) -> Task | None:  # noqa: ARG002 (there is one slot)
        return self._waiting.pop() if self._waiting else None

    def put(self, task: Task, result: Result | Lost) -> None:  # noqa: ARG002 (there is one task)
        self.result = result


_pools: dict[tuple[str, int], Pool[Any, Any]] = {}
"""In a worker of the cluster: the pool of each thread, by what it works on."""


def _run_there(work: bytes, task: Any, limit: float | None) -> Any:
    """Run one task in the process of this thread; called in a worker of the cluster."""
    place = _name(work), threading.get_ident()
    if place not in _pools:
        _allow_processes()
        try:
            loaded = cloudpickle.loads(work)
        except Exception as error:  # noqa: BLE001 (another Python or package may raise anything)
            raise _NotLoaded(f"{type(error).__name__}: {error}") from None
        _pools[place] = Pool(loaded, processes=1, limit=limit)
    one: _One[Any, Any] = _One(task)
    try:
        _pools[place].run(one, keep=True)
    except BaseException:
        _pools.pop(place, None)  # its process was killed; the next task needs a pool of its own
        raise
    return one.result


def _end_pools(work: bytes) -> None:
    """End the processes of some work; called in a worker of the cluster."""
    for place in [place for place in _pools if place[0] == _name(work)]:
        _pools.pop(place).close()


def _name(work: bytes) -> str:
    return hashlib.blake2b(work, digest_size=8).hexdigest()


def _allow_processes() -> None:
    """Let a worker start processes, which multiprocessing forbids to daemons.

    A nanny of Dask makes its workers daemons, so that they end with it. The process that is started
    here ends with the worker by itself.
    """
    configuration = getattr(multiprocessing.current_process(), "_config", {})
    configuration["daemon"] = False
