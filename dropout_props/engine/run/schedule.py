"""Chooses the pair that a worker judges next, so that little is compiled or judged twice.

Guarantee: each selected property that others depend on is judged once in the whole run, before
them, and its result is sent with their tasks. Neighbours in the catalogue share compiled programs,
and so do two subjects under one property. So a worker stays with a pair of subjects, judges both by
a property before it goes on to the next, and two workers on one pair start at the two ends of the
catalogue. No verdict depends on any of this.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from dropout_props.engine import lost
from dropout_props.engine.pool import Lost, Pool
from dropout_props.engine.run.pair_worker import Done, PairWorker, Task
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

_TEAM = 2  # subjects that a worker judges side by side


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
    on_print: Callable[[Subject, str], None],
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
        on_print=on_print,
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
        on_print: Callable[[Subject, str], None] = lambda _subject, _text: None,
    ) -> None:
        self.results: list[PropertyResult] = []
        self.snapshots: dict[int, SubjectSnapshot] = {}
        self._subjects = subjects
        self._settings = settings
        self._timeout = timeout
        self._ends_at = ends_at
        self._on_start = on_start
        self._on_result = on_result
        self._on_print = on_print
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
        ids = list(dict.fromkeys(p.id for one in self._waiting.values() for p in one))
        self._places = {
            number: {prop.id: ids.index(prop.id) for prop in chosen}
            for number, chosen in self._waiting.items()
        }
        self._snapshots_left = set(self._waiting) if snapshot else set()
        self._done: dict[int, dict[str, PropertyResult]] = {n: {} for n in self._waiting}
        numbers = sorted(self._waiting)
        self._teams = [tuple(numbers[at : at + _TEAM]) for at in range(0, len(numbers), _TEAM)]
        # The subjects of each slot of the pool, and whether it starts at the end.
        self._slots: dict[int, tuple[tuple[int, ...], bool]] = {}

    def take(self, slot: int) -> Task | None:
        """Return the next task for a slot of the pool, or None when there is none for it now."""
        if self._ends_at is not None and monotonic() >= self._ends_at:
            return None  # pairs that are being judged are judged to their end
        ready = {number: self._ready(number) for number in self._waiting}
        if not any(ready.values()):
            return self._snapshot()
        team, backwards = self._slots.get(slot, ((), False))
        if not any(ready[number] for number in team):
            team, backwards = self._slots[slot] = self._place(slot, ready)
        pairs = [(number, prop) for number in team for prop in ready[number]]
        number, prop = min(pairs, key=lambda pair: self._order(*pair, backwards=backwards))
        self._waiting[number].remove(prop)
        self._on_start(self._subjects[number], prop)
        return Task(number, prop.id, self._prerequisites(number, prop))

    def put(self, task: Task, result: Done | Lost) -> None:
        """Take the result of a task; a lost task is an ERROR."""
        if isinstance(result, Lost):
            self._take(task, result)
            return
        if result.printed:
            self._on_print(self._subjects[task.subject], result.printed)
        self._take(task, result.result)

    def _take(self, task: Task, result: PropertyResult | SubjectSnapshot | Lost) -> None:
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

    def _order(self, number: int, prop: Property, *, backwards: bool) -> tuple[int, int]:
        """Return what sorts the pairs of a team: by property first, from one end or the other."""
        at = self._places[number][prop.id]
        return (-at if backwards else at), number

    def _place(self, slot: int, ready: dict[int, list[Property]]) -> tuple[tuple[int, ...], bool]:
        """Choose the subjects on which fewest slots work, of these those with most pairs left."""
        others = [team for other, (team, _) in self._slots.items() if other != slot]
        team = min(
            (team for team in self._teams if any(ready[number] for number in team)),
            key=lambda team: (
                others.count(team),
                -sum(len(self._waiting[number]) for number in team),
                team,
            ),
        )
        return team, others.count(team) % 2 == 1

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
