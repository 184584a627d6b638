"""Gives tasks to workers, receives their results, and retries a task whose worker ended.

One thread does everything, so that an interrupt finds no lock taken. No executor of a library
survives the faults that this one has to survive: docs/dependencies.md says which were tried, and
where each fails.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing import connection
from time import monotonic
from typing import Generic, Protocol, TypeVar

from dropout_props.engine.pool.ending import CannotStart, Lost, describe_timeout
from dropout_props.engine.pool.worker import Message, Result, Task, Worker

__all__ = ["Pool", "TaskSource", "in_parallel"]

_STARTS = 3
"""Number of processes in a row that may end before they are ready."""


Result_contra = TypeVar("Result_contra", contravariant=True)  # a result, as a source gets it


class TaskSource(Protocol[Task, Result_contra]):
    """Chooses the next task, and takes the results; all in the owner's process."""

    def take(self, slot: int) -> Task | None:
        """Return the next task for a slot, or None when there is none for it now."""
        ...

    def put(self, task: Task, result: Result_contra | Lost) -> None:
        """Take the result of a task, or its loss; other tasks may follow from it."""
        ...


class Pool(Generic[Task, Result]):
    """A number of slots, each with a worker process that is started when the slot gets a task.

    Args:
        work: called in a worker with each task; it has to be picklable.
        processes: number of slots.
        limit: seconds that one task may take; None for no limit. The start of a process does not
            count.
    """

    def __init__(
        self, work: Callable[[Task], Result], *, processes: int, limit: float | None = None
    ) -> None:
        self._work = work
        self._limit = limit
        self._slots: list[Worker[Task, Result] | None] = [None] * processes
        self._retries: deque[tuple[Task, str]] = deque()  # with how their first worker ended
        self._retrying: str | None = None  # how the first worker of the task that is retried ended
        self._failed_starts = 0

    def run(self, source: TaskSource[Task, Result], *, keep: bool = False) -> None:
        """Run every task of the source.

        Args:
            source: chooses the tasks.
            keep: leave the workers for the next run; `close` ends them.

        Raises:
            CannotStart: processes end before they are ready.
            BaseException: whatever a task or the source raised; all workers are killed.
        """
        kept = False
        try:
            while True:
                self._hand_out(source)
                if not any(worker.task is not None for worker in self._workers()):
                    if not self._retries:
                        break
                    self._retry(*self._retries.popleft())
                self._receive(source)
            if not keep:
                self._dismiss()
            kept = keep
        finally:
            if not kept:
                self._kill()

    def close(self) -> None:
        """End the workers that a run has left."""
        self._dismiss()

    def _workers(self) -> list[Worker[Task, Result]]:
        return [worker for worker in self._slots if worker is not None]

    def _hand_out(self, source: TaskSource[Task, Result]) -> None:
        if self._retrying is not None:
            return
        for slot, worker in enumerate(self._slots):
            if worker is None or worker.task is None:
                task = source.take(slot)
                if task is not None:
                    self._give(slot, task)

    def _give(self, slot: int, task: Task) -> None:
        worker = self._slots[slot]
        if worker is None:
            worker = self._slots[slot] = Worker(self._work)
            worker.task = task
            worker.start()
        else:
            worker.task = task
            self._send(worker)

    def _send(self, worker: Worker[Task, Result]) -> None:
        """Send the task if the worker is ready; the time limit counts from then on."""
        if worker.ready:
            worker.send()
            worker.deadline = None if self._limit is None else monotonic() + self._limit

    def _retry(self, task: Task, first: str) -> None:
        """Run a task once more in a fresh process, while no other worker takes memory or time."""
        self._dismiss()
        self._retrying = first
        self._give(0, task)

    def _receive(self, source: TaskSource[Task, Result]) -> None:
        """Wait for a message, an end or a deadline, and handle all that there are."""
        deadlines = [w.deadline for w in self._workers() if w.deadline is not None]
        seconds = max(0.0, min(deadlines) - monotonic()) if deadlines else None
        connection.wait([one for w in self._workers() for one in w.handles], seconds)
        for slot, worker in enumerate(self._slots):
            if worker is not None:
                self._handle(slot, worker, source)

    def _handle(
        self, slot: int, worker: Worker[Task, Result], source: TaskSource[Task, Result]
    ) -> None:
        message, value = worker.receive()
        if message is Message.READY:
            worker.ready = True
            self._send(worker)
        elif message is Message.RAISED:
            raise value
        elif message is Message.RESULT:
            task, worker.task, worker.deadline = worker.task, None, None
            assert task is not None
            self._failed_starts, self._retrying = 0, None
            source.put(task, value)
        elif message is Message.ENDED:
            self._end(slot, worker, value, source)
        elif worker.deadline is not None and monotonic() >= worker.deadline:
            assert self._limit is not None
            self._end(slot, worker, describe_timeout(self._limit), source)

    def _end(
        self,
        slot: int,
        worker: Worker[Task, Result],
        how: str,
        source: TaskSource[Task, Result],
    ) -> None:
        worker.kill()
        self._slots[slot] = None
        task = worker.task
        if task is None:
            return
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= _STARTS:
                raise CannotStart(
                    f"{_STARTS} worker processes in a row ended before they were ready; the last "
                    f"one {how}. What they printed is above. Run in one process, without -n and "
                    "--timeout; a script that starts workers needs `if __name__ == '__main__':` "
                    "around what it runs."
                )
            self._give(slot, task)
        elif self._retrying is None:
            self._retries.append((task, how))
        else:
            first, self._retrying = self._retrying, None
            source.put(task, Lost(first, how))

    def _dismiss(self) -> None:
        for slot, worker in enumerate(self._slots):
            if worker is not None:
                worker.dismiss()
                self._slots[slot] = None

    def _kill(self) -> None:
        while True:  # an interrupt is raised again and again until its handler has it
            try:
                for worker in self._workers():
                    worker.kill()
            except KeyboardInterrupt:  # noqa: PERF203 (a second round, not a hot loop)
                continue
            else:
                return


class _List(Generic[Task, Result]):
    """A list of tasks that do not depend on each other."""

    def __init__(
        self,
        tasks: Sequence[Task],
        done: Callable[[Task, Result], None],
        lost: Callable[[Task, Lost], None],
    ) -> None:
        self._waiting = deque(tasks)
        self._done = done
        self._lost = lost

    def take(self, slot: int) -> Task | None:  # noqa: ARG002 (any task suits any slot)
        return self._waiting.popleft() if self._waiting else None

    def put(self, task: Task, result: Result | Lost) -> None:
        if isinstance(result, Lost):
            self._lost(task, result)
        else:
            self._done(task, result)


def in_parallel(
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    *,
    processes: int,
    done: Callable[[Task, Result], None],
    lost: Callable[[Task, Lost], None],
    run_in: Callable[[TaskSource[Task, Result]], None] | None = None,
) -> None:
    """Run every task in a worker process, and pass on each result as it comes.

    Args:
        work: a function of a module that a fresh process can import.
        tasks: plain values.
        processes: number of worker processes.
        done: called in this process with a task and its result.
        lost: called in this process with a task that two workers ended with.
        run_in: `run` of another pool that runs the tasks; None for a pool of this machine.

    Raises:
        CannotStart: processes end before they are ready.
        BaseException: whatever a task, `done` or `lost` raised; the other tasks are stopped.
    """
    source = _List(tasks, done, lost)
    if run_in is not None:
        run_in(source)
        return
    pool: Pool[Task, Result] = Pool(work, processes=min(processes, max(1, len(tasks))))
    pool.run(source)
