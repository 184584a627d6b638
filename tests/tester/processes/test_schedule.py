"""Each pair is judged once, what others stand on first, by the worker that has its programs."""

import importlib
import inspect
import pkgutil

import pytest

from dropout_props import properties
from dropout_props.engine import Settings
from dropout_props.engine.pool import Lost
from dropout_props.engine.run.pair_worker import Task
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


def _play(schedule: Schedule, seats: int) -> list[tuple[int, Task]]:
    """Answer every task, as soon as every seat has one; return who got what."""
    told: list[tuple[int, Task]] = []
    while tasks := [(seat, task) for seat in range(seats) if (task := schedule.take(seat))]:
        told += tasks
        for _, task in tasks:
            answer = (
                _result(task.property_id)
                if task.property_id
                else SubjectSnapshot("control.reference")
            )
            schedule.put(task, answer)
    return told


@pytest.mark.parametrize("seats", [1, 2, 3])
def test_every_pair_is_judged_once_and_after_what_it_stands_on(seats: int) -> None:
    """A property goes out with the results that it stands on, so that no worker judges them again."""
    properties = list(CATALOGUE)
    told = _play(Schedule(_SUBJECTS, properties, _SETTINGS, snapshot=True), seats)
    assert sorted((task.subject, task.property_id) for _, task in told) == sorted(
        (number, property_id)
        for number in (0, 1)
        for property_id in ["", *(one.id for one in properties)]
    )
    for _, task in told:
        carried = {result.property_id for result in task.settled}
        assert not task.property_id or carried >= set(find(task.property_id).blocked_by)


def test_a_property_that_is_not_selected_is_not_waited_for() -> None:
    """The worker judges it as the serial run does, and reports what was selected alone."""
    schedule = Schedule(_SUBJECTS[:1], [find("DP202")], _SETTINGS)
    assert schedule.take(0) == Task(0, "DP202", ())


def test_two_workers_start_at_the_two_ends_of_one_subject() -> None:
    """Neighbours share programs: each worker gets one stretch of the catalogue."""
    properties = [find(one) for one in ("DP101", "DP102", "DP103", "DP104", "DP105", "DP106")]
    told = _play(Schedule(_SUBJECTS[:1], properties, _SETTINGS), 2)
    assert [task.property_id for seat, task in told if seat == 0] == ["DP101", "DP102", "DP103"]
    assert [task.property_id for seat, task in told if seat == 1] == ["DP106", "DP105", "DP104"]


def test_each_worker_has_a_subject_of_its_own_while_there_are_enough() -> None:
    """Two subjects, two workers: each judges one."""
    told = _play(Schedule(_SUBJECTS, list(CATALOGUE), _SETTINGS), 2)
    assert {(seat, task.subject) for seat, task in told} == {(0, 0), (1, 1)}


def test_a_loss_is_an_error_that_says_how_it_came_about() -> None:
    """The paragraph names the signal and the limit, and what stands on the property is not lost."""
    properties: list[Property] = [find("DP201"), find("DP202")]
    schedule = Schedule(_SUBJECTS[:1], properties, _SETTINGS, timeout=5.0)
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
    """The verdicts are there; the snapshot says why it is not."""
    schedule = Schedule(_SUBJECTS[:1], [], _SETTINGS, snapshot=True)
    task = schedule.take(0)
    assert task == Task(0, "")
    schedule.put(task, Lost("was killed by SIGKILL", "was killed by SIGKILL"))
    assert "SIGKILL" in schedule.snapshots[0].trouble


def test_the_properties_of_the_isolated_process_are_the_ones_that_use_it() -> None:
    """They are kept together: the list names each, and no other."""
    users = set()
    for module in pkgutil.iter_modules(properties.__path__):
        if module.name.startswith("dp"):
            source = inspect.getsource(
                importlib.import_module(f"{properties.__name__}.{module.name}")
            )
            if "run_isolated" in source:
                users.add(module.name[:5].upper())
    assert users == set(ISOLATED)
