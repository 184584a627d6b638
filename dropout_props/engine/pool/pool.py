"""Hands questions to workers, hears what becomes of them, and asks once more where one ended.

One thread does everything, so that an interrupt finds no lock held. No library survives the faults
that this has to survive: docs/dependencies.md says which were tried, and where each fails.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing import connection
from time import monotonic
from typing import Generic, Protocol, TypeVar

from dropout_props.engine.pool.ending import CannotStart, Lost, late
from dropout_props.engine.pool.worker import Answer, News, Question, Worker

__all__ = ["Agenda", "Pool", "in_parallel"]

_STARTS = 3
"""So many processes in a row may end before they are ready."""


Given_contra = TypeVar("Given_contra", contravariant=True)  # an answer, as an agenda gets it


class Agenda(Protocol[Question, Given_contra]):
    """Which question comes next, and what becomes of the answers; all in the owner's process."""

    def take(self, seat: int) -> Question | None:
        """Return the next question for a seat, or None when there is none for it now."""
        ...

    def put(self, question: Question, answer: Given_contra | Lost) -> None:
        """Take the answer to a question, or its loss; other questions may follow from it."""
        ...


class Pool(Generic[Question, Answer]):
    """Some seats, each with a worker process that is started when the seat has a question.

    Args:
        ask: called in a worker with each question; it has to be picklable.
        processes: how many seats.
        limit: seconds that one question may take; None for no limit. The start of a process does
            not count.
    """

    def __init__(
        self, ask: Callable[[Question], Answer], *, processes: int, limit: float | None = None
    ) -> None:
        self._ask = ask
        self._limit = limit
        self._seats: list[Worker[Question, Answer] | None] = [None] * processes
        self._again: deque[tuple[Question, str]] = deque()  # with how their first worker ended
        self._alone: str | None = None  # how the first worker ended of what is asked alone now
        self._failed_starts = 0

    def run(self, agenda: Agenda[Question, Answer]) -> None:
        """Answer every question of the agenda.

        Raises:
            CannotStart: processes end before they are ready.
            BaseException: whatever a question or the agenda raised; all workers are killed.
        """
        try:
            while True:
                self._hand_out(agenda)
                if not any(worker.question is not None for worker in self._workers()):
                    if not self._again:
                        break
                    self._ask_alone(*self._again.popleft())
                self._listen(agenda)
            self._dismiss()
        finally:
            self._kill()

    def _workers(self) -> list[Worker[Question, Answer]]:
        return [worker for worker in self._seats if worker is not None]

    def _hand_out(self, agenda: Agenda[Question, Answer]) -> None:
        if self._alone is not None:
            return
        for seat, worker in enumerate(self._seats):
            if worker is None or worker.question is None:
                question = agenda.take(seat)
                if question is not None:
                    self._give(seat, question)

    def _give(self, seat: int, question: Question) -> None:
        worker = self._seats[seat]
        if worker is None:
            worker = self._seats[seat] = Worker(self._ask)
            worker.question = question
            worker.start()
        else:
            worker.question = question
            self._send(worker)

    def _send(self, worker: Worker[Question, Answer]) -> None:
        """Send the question once the worker is ready for it; from then on its time runs."""
        if worker.ready:
            worker.send()
            worker.deadline = None if self._limit is None else monotonic() + self._limit

    def _ask_alone(self, question: Question, first: str) -> None:
        """Ask once more, in a fresh process, while no other worker takes memory or time."""
        self._dismiss()
        self._alone = first
        self._give(0, question)

    def _listen(self, agenda: Agenda[Question, Answer]) -> None:
        """Wait for a message, an end or a deadline, and act on all that there are."""
        deadlines = [w.deadline for w in self._workers() if w.deadline is not None]
        seconds = max(0.0, min(deadlines) - monotonic()) if deadlines else None
        connection.wait([one for w in self._workers() for one in w.handles], seconds)
        for seat, worker in enumerate(self._seats):
            if worker is not None:
                self._attend(seat, worker, agenda)

    def _attend(
        self, seat: int, worker: Worker[Question, Answer], agenda: Agenda[Question, Answer]
    ) -> None:
        news, value = worker.hear()
        if news is News.READY:
            worker.ready = True
            self._send(worker)
        elif news is News.RAISED:
            raise value
        elif news is News.ANSWER:
            question, worker.question, worker.deadline = worker.question, None, None
            assert question is not None
            self._failed_starts, self._alone = 0, None
            agenda.put(question, value)
        elif news is News.ENDED:
            self._end(seat, worker, value, agenda)
        elif worker.deadline is not None and monotonic() >= worker.deadline:
            assert self._limit is not None
            self._end(seat, worker, late(self._limit), agenda)

    def _end(
        self,
        seat: int,
        worker: Worker[Question, Answer],
        how: str,
        agenda: Agenda[Question, Answer],
    ) -> None:
        worker.kill()
        self._seats[seat] = None
        question = worker.question
        if question is None:
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
            self._give(seat, question)
        elif self._alone is None:
            self._again.append((question, how))
        else:
            first, self._alone = self._alone, None
            agenda.put(question, Lost(first, how))

    def _dismiss(self) -> None:
        for seat, worker in enumerate(self._seats):
            if worker is not None:
                worker.dismiss()
                self._seats[seat] = None

    def _kill(self) -> None:
        while True:  # an interrupt is raised again and again until its handler has it
            try:
                for worker in self._workers():
                    worker.kill()
            except KeyboardInterrupt:  # noqa: PERF203 (a second round, not a hot loop)
                continue
            else:
                return


class _Line(Generic[Question, Answer]):
    """Questions in a line, none of which waits for another."""

    def __init__(
        self,
        asked: Sequence[Question],
        done: Callable[[Question, Answer], None],
        lost: Callable[[Question, Lost], None],
    ) -> None:
        self._waiting = deque(asked)
        self._done = done
        self._lost = lost

    def take(self, seat: int) -> Question | None:  # noqa: ARG002 (every seat is as good)
        return self._waiting.popleft() if self._waiting else None

    def put(self, question: Question, answer: Answer | Lost) -> None:
        if isinstance(answer, Lost):
            self._lost(question, answer)
        else:
            self._done(question, answer)


def in_parallel(
    ask: Callable[[Question], Answer],
    asked: Sequence[Question],
    *,
    processes: int,
    done: Callable[[Question, Answer], None],
    lost: Callable[[Question, Lost], None],
) -> None:
    """Ask every question, so many at once, and hand over each answer as it comes.

    Args:
        ask: a function of a module, which the other process can import.
        asked: plain values.
        processes: how many at once.
        done: called in this process with a question and its answer.
        lost: called in this process with a question that two workers ended with.

    Raises:
        CannotStart: processes end before they are ready.
        BaseException: whatever a question, `done` or `lost` raised; the others are stopped.
    """
    pool: Pool[Question, Answer] = Pool(ask, processes=min(processes, max(1, len(asked))))
    pool.run(_Line(asked, done, lost))
