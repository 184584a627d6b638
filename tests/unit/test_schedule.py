"""Each pair is judged once, after the properties it depends on, by a worker with its programs."""

import importlib
import inspect
import pkgutil

import pytest

from dropout_props import properties
from dropout_props.engine import Settings
from dropout_props.engine.pool import Lost
from dropout_props.engine.run.pair_worker import Done, Task
from dropout_props.engine.run.schedule import ISOLATED, Schedule
from dropout_props.properties import CATALOGUE, Property, find
from dropout_props.results.records import PropertyResult, SubjectSnapshot
from dropout_props.results.verdict import Verdict
from dropout_props.selftest.kernel.build import kernel_subject
from dropout_props.selftest.kernel.kernel import Kernel

_SUBJECTS = [
    kernel_subject(Kernel(), api="linen", name="control.reference")
] * 2  # a schedule knows them by their numbers
_SETTINGS = Settings.of(profile="smoke")


def _result(property_id: str, verdict: Verdict = Verdict.PASS) -> PropertyResult:
    return PropertyResult(
        "control.reference", property_id, find(property_id).name, find(property_id).kind, verdict
    )


def _play(schedule: Schedule, slots: int) -> list[tuple[int, Task]]:
    """Return every task with its slot; results come as soon as every slot has a task."""
    given: list[tuple[int, Task]] = []
    while tasks := [(slot, task) for slot in range(slots) if (task := schedule.take(slot))]:
        given += tasks
        for _, task in tasks:
            result = (
                _result(task.property_id)
                if task.property_id
                else SubjectSnapshot("control.reference")
            )
            schedule.put(task, Done(result))
    return given


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_every_pair_is_judged_once_and_after_its_prerequisites(slots: int) -> None:
    """A task carries the results that its property depends on, so no worker judges them again."""
    properties = list(CATALOGUE)
    given = _play(
        Schedule(_SUBJECTS, [properties] * len(_SUBJECTS), _SETTINGS, snapshot=True), slots
    )
    assert sorted((task.subject, task.property_id) for _, task in given) == sorted(
        (number, property_id)
        for number in (0, 1)
        for property_id in ["", *(one.id for one in properties)]
    )
    for _, task in given:
        carried = {result.property_id for result in task.prerequisites}
        assert not task.property_id or carried >= set(find(task.property_id).blocked_by)


def test_a_property_that_is_not_selected_is_not_waited_for() -> None:
    """The worker judges it as the serial run does, and reports the selected property alone."""
    schedule = Schedule(_SUBJECTS[:1], [[find("DP202")]], _SETTINGS)
    assert schedule.take(0) == Task(0, "DP202", ())


def test_two_workers_start_at_the_two_ends_of_one_subject() -> None:
    """Neighbours share programs: each worker gets one stretch of the catalogue."""
    properties = [find(one) for one in ("DP101", "DP102", "DP103", "DP104", "DP105", "DP106")]
    given = _play(Schedule(_SUBJECTS[:1], [properties], _SETTINGS), 2)
    assert [task.property_id for slot, task in given if slot == 0] == ["DP101", "DP102", "DP103"]
    assert [task.property_id for slot, task in given if slot == 1] == ["DP106", "DP105", "DP104"]


def test_two_subjects_are_judged_side_by_side() -> None:
    """They share the programs of a property: two workers divide the catalogue, not the subjects."""
    properties = [find(one) for one in ("DP101", "DP102", "DP103", "DP104")]
    given = _play(Schedule(_SUBJECTS, [properties] * 2, _SETTINGS), 2)
    of = {
        n: [(task.property_id, task.subject) for slot, task in given if slot == n] for n in (0, 1)
    }
    assert of[0] == [("DP101", 0), ("DP101", 1), ("DP102", 0), ("DP102", 1)]
    assert of[1] == [("DP104", 0), ("DP104", 1), ("DP103", 0), ("DP103", 1)]


def test_workers_have_subjects_of_their_own_while_there_are_enough() -> None:
    """Four subjects, two workers: each judges two."""
    properties = [find("DP101"), find("DP102")]
    given = _play(Schedule(_SUBJECTS * 2, [properties] * 4, _SETTINGS), 2)
    assert {(slot, task.subject) for slot, task in given} == {(0, 0), (0, 1), (1, 2), (1, 3)}


def test_a_loss_is_an_error_that_names_its_cause() -> None:
    """The paragraph names the signal and the limit; dependent properties are not lost."""
    properties: list[Property] = [find("DP201"), find("DP202")]
    schedule = Schedule(_SUBJECTS[:1], [properties], _SETTINGS, timeout=5.0)
    task = schedule.take(0)
    assert task == Task(0, "DP201")
    schedule.put(task, Lost("was killed by SIGKILL", "was stopped at the limit of 5 seconds"))
    [error] = schedule.results
    assert error.verdict is Verdict.ERROR
    assert error.failure is not None
    assert error.failure.seen == error.shown
    assert "SIGKILL" in error.shown
    assert "limit of 5 seconds" in error.shown
    assert error.failure.decided_by.startswith("the process ended twice")
    assert error.failure.reproduce.endswith("--profile smoke --seed 0 --timeout 5")
    following = schedule.take(0)
    assert following == Task(0, "DP202", (error,))


def test_a_lost_snapshot_is_trouble() -> None:
    """The verdicts are complete; the snapshot says why it is missing."""
    schedule = Schedule(_SUBJECTS[:1], [[]], _SETTINGS, snapshot=True)
    task = schedule.take(0)
    assert task == Task(0, "")
    schedule.put(task, Lost("was killed by SIGKILL", "was killed by SIGKILL"))
    assert "SIGKILL" in schedule.snapshots[0].trouble


def test_the_properties_of_the_isolated_process_are_the_ones_that_use_it() -> None:
    """They run in a row: the list names each of them, and no other."""
    users = set()
    for module in pkgutil.iter_modules(properties.__path__):
        if module.name.startswith("dp"):
            source = inspect.getsource(
                importlib.import_module(f"{properties.__name__}.{module.name}")
            )
            if "run_isolated" in source:
                users.add(module.name[:5].upper())
    assert users == set(ISOLATED)
