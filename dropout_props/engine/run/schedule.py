"""Which pair a worker judges next, so that little is compiled or judged twice.

Guarantee: each selected property that others stand on is judged once in the whole run, before them,
and its result travels with them. Neighbours in the catalogue share compiled programs. So a worker
stays with its subject, and where two workers share one they start at its two ends. No verdict
depends on any of this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_props.engine import lost
from dropout_props.engine.pool import Lost, Pool
from dropout_props.engine.run.pair_worker import Bench, Task
from dropout_props.engine.snapshot import installed
from dropout_props.properties import find
from dropout_props.results.records import PropertyResult, Snapshot, SubjectSnapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dropout_props.engine import Settings
    from dropout_props.properties import Property
    from dropout_props.subjects.subject import Subject

__all__ = ["ISOLATED", "Schedule", "in_workers"]

ISOLATED = ("DP410", "DP505", "DP514")
"""Properties that use the isolated process: they stay together, since each worker starts its own."""


def in_workers(
    subjects: Sequence[Subject],
    properties: Sequence[Property],
    settings: Settings,
    *,
    processes: int,
    timeout: float | None,
    snapshot: bool,
    on_start: Callable[[Subject, Property], None],
    on_result: Callable[[PropertyResult], None],
) -> tuple[list[PropertyResult], Snapshot | None]:
    """Judge every pair in worker processes.

    Args and Raises are those of `dropout_props.engine.run.run`.

    Returns:
        The results in the order in which they came, and the snapshot if it is wanted.
    """
    schedule = Schedule(
        subjects,
        properties,
        settings,
        timeout=timeout,
        snapshot=snapshot,
        on_start=on_start,
        on_result=on_result,
    )
    bench = Bench(subjects, settings)
    Pool(bench, processes=processes, limit=timeout).run(schedule)
    snapshots = tuple(schedule.snapshots[number] for number in sorted(schedule.snapshots))
    return schedule.results, Snapshot(installed(), snapshots) if snapshot else None


class Schedule:
    """The pairs of a run that wait, and the results that have come.

    Args are those of `dropout_props.engine.run.run`.

    Attributes:
        results: so far, in the order in which they came.
        snapshots: of each subject by its number.
    """

    def __init__(
        self,
        subjects: Sequence[Subject],
        properties: Sequence[Property],
        settings: Settings,
        *,
        timeout: float | None = None,
        snapshot: bool = False,
        on_start: Callable[[Subject, Property], None] = lambda _subject, _property: None,
        on_result: Callable[[PropertyResult], None] = lambda _result: None,
    ) -> None:
        self.results: list[PropertyResult] = []
        self.snapshots: dict[int, SubjectSnapshot] = {}
        self._subjects = subjects
        self._settings = settings
        self._timeout = timeout
        self._on_start = on_start
        self._on_result = on_result
        selected = {prop.id for prop in properties}
        self._stands_on = {prop.id: _below(prop) & selected for prop in properties}
        blockers = set().union(*self._stands_on.values())
        line = sorted(properties, key=lambda c: (c.id not in blockers, c.id not in ISOLATED))
        self._waiting = {number: list(line) for number in range(len(subjects))}
        self._to_take = set(self._waiting) if snapshot else set()
        self._settled: dict[int, dict[str, PropertyResult]] = {n: {} for n in self._waiting}
        self._seats: dict[int, tuple[int, bool]] = {}  # subject, and whether from the far end

    def take(self, seat: int) -> Task | None:
        """Return the next task for a seat, or None when there is none for it now."""
        ready = {number: self._ready(number) for number in self._waiting}
        if not any(ready.values()):
            return self._snapshot()
        number, backwards = self._seats.get(seat, (-1, False))
        if not ready.get(number):
            number, backwards = self._seats[seat] = self._place(seat, ready)
        prop = ready[number][-1 if backwards else 0]
        self._waiting[number].remove(prop)
        self._on_start(self._subjects[number], prop)
        return Task(number, prop.id, self._below(number, prop))

    def put(self, question: Task, answer: PropertyResult | SubjectSnapshot | Lost) -> None:
        """Take the result of a task; one that is lost is an ERROR."""
        subject = self._subjects[question.subject]
        if not question.property_id:
            if isinstance(answer, Lost):
                answer = SubjectSnapshot(subject.name, trouble=str(answer))
            assert isinstance(answer, SubjectSnapshot)
            self.snapshots[question.subject] = answer
            return
        if isinstance(answer, Lost):
            prop = find(question.property_id)
            answer = lost(subject, prop, self._settings, text=str(answer), limit=self._timeout)
        assert isinstance(answer, PropertyResult)
        self._settled[question.subject][answer.property_id] = answer
        self.results.append(answer)
        self._on_result(answer)

    def _ready(self, number: int) -> list[Property]:
        settled = self._settled[number].keys()
        return [prop for prop in self._waiting[number] if self._stands_on[prop.id] <= settled]

    def _below(self, number: int, prop: Property) -> tuple[PropertyResult, ...]:
        return tuple(self._settled[number][one] for one in sorted(self._stands_on[prop.id]))

    def _place(self, seat: int, ready: dict[int, list[Property]]) -> tuple[int, bool]:
        """Choose a subject: one that no other seat works on, else the one with most left to do."""
        others = [number for other, (number, _) in self._seats.items() if other != seat]
        number = min(
            (number for number in ready if ready[number]),
            key=lambda number: (others.count(number), -len(self._waiting[number]), number),
        )
        return number, others.count(number) % 2 == 1

    def _snapshot(self) -> Task | None:
        """Return the task of a snapshot, of a subject that no pair waits for any more."""
        for number in sorted(self._to_take):
            if not self._waiting[number]:
                self._to_take.remove(number)
                return Task(number, "")
        return None


def _below(prop: Property) -> set[str]:
    """Return the ids of all that a property stands on, at whatever depth."""
    found: set[str] = set()
    left = list(prop.blocked_by)
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += find(one).blocked_by
    return found
