"""Chooses the pair that a worker judges next, so that little is compiled or judged twice.

Guarantee: each selected property that others depend on is judged once in the whole run, before
them, and its result is sent with their tasks. Neighbours in the catalogue share compiled programs,
so a worker stays with its subject, and two workers on one subject start at the two ends of its
properties. No verdict depends on any of this.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from dropout_props.engine import lost
from dropout_props.engine.pool import Lost, Pool
from dropout_props.engine.run.pair_worker import PairWorker, Task
from dropout_props.engine.run.same_environment import run_on
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
"""Properties that use the isolated process, of which each worker starts one: they run in a row."""


def in_workers(
    subjects: Sequence[Subject],
    properties: Sequence[Sequence[Property]],
    settings: Settings,
    *,
    processes: int,
    timeout: float | None,
    cluster: str | None = None,
    ends_at: float | None = None,
    snapshot: bool,
    on_start: Callable[[Subject, Property], None],
    on_result: Callable[[PropertyResult], None],
) -> tuple[list[PropertyResult], Snapshot | None]:
    """Judge every pair in worker processes.

    Args and Raises are those of `dropout_props.engine.run.run`; `properties` are those of each
    subject, and no pair begins after the time `ends_at`.

    Returns:
        The results in the order in which they came, and the snapshot if `snapshot` is set.
    """
    schedule = Schedule(
        subjects,
        properties,
        settings,
        timeout=timeout,
        ends_at=ends_at,
        snapshot=snapshot,
        on_start=on_start,
        on_result=on_result,
    )
    worker = PairWorker(subjects, settings)
    if cluster is None:
        Pool(worker, processes=processes, limit=timeout).run(schedule)
    else:
        run_on(cluster, worker, limit=timeout)(schedule)
    snapshots = tuple(schedule.snapshots[number] for number in sorted(schedule.snapshots))
    return schedule.results, Snapshot(installed(), snapshots) if snapshot else None


class Schedule:
    """The pairs of a run that are not judged yet, and the results so far: a `TaskSource`.

    Args are those of `dropout_props.engine.run.run`; `properties` are those of each subject.

    Attributes:
        results: results so far, in the order in which they came.
        snapshots: snapshot of each subject by its number.
    """

    def __init__(
        self,
        subjects: Sequence[Subject],
        properties: Sequence[Sequence[Property]],
        settings: Settings,
        *,
        timeout: float | None = None,
        ends_at: float | None = None,
        snapshot: bool = False,
        on_start: Callable[[Subject, Property], None] = lambda _subject, _property: None,
        on_result: Callable[[PropertyResult], None] = lambda _result: None,
    ) -> None:
        self.results: list[PropertyResult] = []
        self.snapshots: dict[int, SubjectSnapshot] = {}
        self._subjects = subjects
        self._settings = settings
        self._timeout = timeout
        self._ends_at = ends_at
        self._on_start = on_start
        self._on_result = on_result
        self._depends_on: dict[int, dict[str, set[str]]] = {}
        self._waiting: dict[int, list[Property]] = {}
        for number, chosen in enumerate(properties):
            selected = {prop.id for prop in chosen}
            needs = {prop.id: _all_blockers(prop) & selected for prop in chosen}
            blockers = set().union(*needs.values())
            self._depends_on[number] = needs
            self._waiting[number] = sorted(
                chosen, key=lambda prop: (prop.id not in blockers, prop.id not in ISOLATED)
            )
        self._snapshots_left = set(self._waiting) if snapshot else set()
        self._done: dict[int, dict[str, PropertyResult]] = {n: {} for n in self._waiting}
        self._slots: dict[int, tuple[int, bool]] = {}  # subject, and whether it starts at the end

    def take(self, slot: int) -> Task | None:
        """Return the next task for a slot of the pool, or None when there is none for it now."""
        if self._ends_at is not None and monotonic() >= self._ends_at:
            return None  # pairs that are being judged are judged to their end
        ready = {number: self._ready(number) for number in self._waiting}
        if not any(ready.values()):
            return self._snapshot()
        number, backwards = self._slots.get(slot, (-1, False))
        if not ready.get(number):
            number, backwards = self._slots[slot] = self._place(slot, ready)
        prop = ready[number][-1 if backwards else 0]
        self._waiting[number].remove(prop)
        self._on_start(self._subjects[number], prop)
        return Task(number, prop.id, self._prerequisites(number, prop))

    def put(self, task: Task, result: PropertyResult | SubjectSnapshot | Lost) -> None:
        """Take the result of a task; a lost task is an ERROR."""
        subject = self._subjects[task.subject]
        if not task.property_id:
            if isinstance(result, Lost):
                result = SubjectSnapshot(subject.name, trouble=str(result))
            assert isinstance(result, SubjectSnapshot)
            self.snapshots[task.subject] = result
            return
        if isinstance(result, Lost):
            prop = find(task.property_id)
            result = lost(subject, prop, self._settings, text=str(result), limit=self._timeout)
        assert isinstance(result, PropertyResult)
        self._done[task.subject][result.property_id] = result
        self.results.append(result)
        self._on_result(result)

    def _ready(self, number: int) -> list[Property]:
        done = self._done[number].keys()
        needs = self._depends_on[number]
        return [prop for prop in self._waiting[number] if needs[prop.id] <= done]

    def _prerequisites(self, number: int, prop: Property) -> tuple[PropertyResult, ...]:
        return tuple(self._done[number][one] for one in sorted(self._depends_on[number][prop.id]))

    def _place(self, slot: int, ready: dict[int, list[Property]]) -> tuple[int, bool]:
        """Choose a subject that no other slot works on, else the one with the most pairs left."""
        others = [number for other, (number, _) in self._slots.items() if other != slot]
        number = min(
            (number for number in ready if ready[number]),
            key=lambda number: (others.count(number), -len(self._waiting[number]), number),
        )
        return number, others.count(number) % 2 == 1

    def _snapshot(self) -> Task | None:
        """Return the task to take the snapshot of a subject whose pairs are all handed out."""
        for number in sorted(self._snapshots_left):
            if not self._waiting[number]:
                self._snapshots_left.remove(number)
                return Task(number, "")
        return None


def _all_blockers(prop: Property) -> set[str]:
    """Return the ids of the properties that a property depends on, directly or not."""
    found: set[str] = set()
    left = list(prop.blocked_by)
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += find(one).blocked_by
    return found
