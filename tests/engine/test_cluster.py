"""A cluster runs the tasks of a pool: the same results, and a reason for each that is lost."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import cloudpickle
import pytest

from dropout_props.engine.pool import CannotStart, Lost, cluster, in_parallel
from dropout_props.engine.pool.cluster import ClusterPool, NoCluster, _NotLoaded, _run_there
from dropout_props.engine.run.same_environment import SameEnvironment
from dropout_props.environment import installed


class KilledWorker(Exception):
    """What Dask raises."""


class _Client:
    """A client of two workers with three threads."""

    threads: dict[str, int] = {"tcp://b": 2, "tcp://a": 1}  # noqa: RUF012 (of a double)
    asked: list[tuple[str, Any]] = []  # noqa: RUF012
    ended: list[str] = []  # noqa: RUF012
    lacking: dict[str, Exception] = {}  # noqa: RUF012
    status = "closed"

    def __init__(self, address: str, *, timeout: float, set_as_default: bool) -> None:
        assert timeout > 0
        assert not set_as_default
        if address == "tcp://nowhere":
            raise OSError("Timed out")

    def __enter__(self) -> _Client:  # noqa: PYI034 (Self is not in Python 3.10)
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def nthreads(self) -> dict[str, int]:
        return self.threads

    def run(self, function: Callable[..., Any], given: Any, *, on_error: str = "raise") -> Any:
        if on_error == "return":
            return {worker: function(given) for worker in self.threads} | self.lacking
        self.ended.append(function.__name__)
        assert isinstance(given, bytes)
        return {}

    def submit(
        self, _function: Callable[..., Any], work: bytes, task: Any, _limit: float, **where: Any
    ) -> Any:
        assert where.pop("allow_other_workers")
        assert not where.pop("pure")
        self.asked.append((where["workers"][0], task))
        try:
            value, error = cloudpickle.loads(work)(task), None
        except Exception as raised:  # noqa: BLE001 (of a task)
            value, error = None, raised
        if task == "hang":
            return _Future("pending", None, None)
        status = "cancelled" if task == "drop" else "error" if error else "finished"
        return _Future(status, value, error)


class _Future(SimpleNamespace):
    def __init__(self, status: str, value: Any, error: Exception | None) -> None:
        super().__init__(status=status, result=lambda: value, exception=lambda: error)

    def add_done_callback(self, function: Callable[[Any], None]) -> None:
        """Call the function at once if the task has run."""
        if self.status != "pending":
            function(self)

    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__


@pytest.fixture
def dask(monkeypatch: pytest.MonkeyPatch) -> type[_Client]:
    """Replace Dask."""
    module = ModuleType("distributed")
    module.Client = _Client  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "distributed", module)
    monkeypatch.setattr(_Client, "asked", [])
    monkeypatch.setattr(_Client, "ended", [])
    return _Client


def _work(task: str) -> str:
    if task == "kill":
        raise KilledWorker("Attempted to run task kill on 4 workers. But the last one died.")
    if task == "missing":
        raise ModuleNotFoundError("No module named 'layers'")
    if task == "marshal":
        raise _NotLoaded("ValueError: bad marshal data")
    if task == "scheduler":
        error = RuntimeError("Error during deserialization of the task graph. This frequently\n")
        raise error from ModuleNotFoundError("No module named 'dropout_props'")
    if task == "raise":
        raise RuntimeError("out of coffee")
    return task.upper()


def _run(*tasks: str, address: str = "tcp://here") -> tuple[dict[str, str], dict[str, Lost]]:
    done: dict[str, str] = {}
    lost: dict[str, Lost] = {}
    in_parallel(
        _work,
        tasks,
        processes=1,
        done=done.__setitem__,
        lost=lost.__setitem__,
        run_in=ClusterPool(_work, address=address).run,
    )
    return done, lost


def test_every_task_has_its_result(dask: type[_Client]) -> None:
    """Three threads have three tasks at once, and each slot stays with its worker."""
    done, lost = _run("one", "two", "three", "four", "five")
    assert done == {name: name.upper() for name in ("one", "two", "three", "four", "five")}
    assert lost == {}
    assert dask.asked[:3] == [("tcp://a", "one"), ("tcp://b", "two"), ("tcp://b", "three")]
    assert dask.asked[3:] == [("tcp://a", "four"), ("tcp://b", "five")]
    assert dask.ended == ["_end_pools"]


def test_a_task_with_which_workers_died_is_lost(dask: type[_Client]) -> None:
    """Its loss has a reason, and the others have their results."""
    done, lost = _run("one", "kill", "two")
    assert done == {"one": "ONE", "two": "TWO"}
    assert str(lost["kill"]) == (
        "workers of the cluster died with it; the scheduler then gave it up (Attempted to run "
        "task kill on 4 workers)"
    )


@pytest.mark.parametrize(
    ("task", "address", "text"),
    [
        ("one", "tcp://nowhere", "--cluster tcp://nowhere: no scheduler answers there: Timed out."),
        (
            "missing",
            "tcp://here",
            "a worker cannot load the task (ModuleNotFoundError: No module named 'layers'). In",
        ),
        (
            "marshal",
            "tcp://here",
            "a worker cannot load the task (ValueError: bad marshal data). Install",
        ),
        (
            "scheduler",
            "tcp://here",
            "the scheduler cannot load the task (ModuleNotFoundError: No module named 'dropout_",
        ),
        ("drop", "tcp://here", "the scheduler dropped a task (cancelled)."),
    ],
)
def test_a_cluster_that_cannot_be_used(
    dask: type[_Client], task: str, address: str, text: str
) -> None:
    """The message says why and what to do; a check ends as it does without worker processes."""
    with pytest.raises(NoCluster) as caught:
        _run(task, address=address)
    assert text in str(caught.value)
    assert isinstance(caught.value, CannotStart)


def test_a_cluster_without_workers_and_without_dask(
    dask: type[_Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both say what to start or install."""
    monkeypatch.setattr(dask, "threads", {})
    with pytest.raises(NoCluster, match=r"it has no worker\. Start some with `dask worker"):
        _run("one")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(NoCluster, match=r"install `dropout-props\[cluster\]` here and in the"):
        _run("one")


def test_a_scheduler_that_is_gone_ends_the_run(
    dask: type[_Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that never ends is not waited for when the client has lost its scheduler."""
    monkeypatch.setattr("dropout_props.engine.pool.cluster._PATIENCE", 0.01)
    with pytest.raises(NoCluster, match=r"the scheduler is gone \(closed\)"):
        _run("one", "hang")


def test_a_run_without_any_worker_left_ends(
    dask: type[_Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was killed may come back; if none does, the run ends with words."""
    monkeypatch.setattr("dropout_props.engine.pool.cluster._PATIENCE", 0.01)
    monkeypatch.setattr(dask, "status", "running")
    looks = [dask.threads, {}, dask.threads, {}, {}]
    monkeypatch.setattr(dask, "nthreads", lambda _: looks.pop(0))
    with pytest.raises(NoCluster, match=r"no worker is left, and none has come back\. Their logs"):
        _run("one", "hang")
    assert looks == []


def test_a_worker_without_this_package_gets_no_task(
    dask: type[_Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that a worker cannot load ends the worker, so it is looked at before."""
    lacking = {"tcp://b": ModuleNotFoundError("No module named 'dropout_props'")}
    monkeypatch.setattr(dask, "lacking", lacking)
    with pytest.raises(NoCluster, match=r"the worker tcp://b cannot import dropout_props \(Mod"):
        _run("one")
    assert dask.asked == []


def test_a_worker_says_what_it_cannot_load() -> None:
    """Code of another Python is no fault of a task."""
    with pytest.raises(_NotLoaded, match=r"^UnpicklingError: "):
        _run_there(b"\x80\x05nonsense", "one", None)


def test_a_pool_that_raised_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its process is dead; the next task of the worker has a pool of its own."""
    made: list[str] = []

    class Broken:
        def __init__(self, *_: object, **__: object) -> None:
            made.append("pool")

        def run(self, *_: object, **__: object) -> None:
            raise RuntimeError("out of coffee")

    monkeypatch.setattr(cluster, "Pool", Broken)
    monkeypatch.setattr(cluster, "_allow_processes", lambda: None)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="out of coffee"):
            _run_there(cloudpickle.dumps(_work), "one", None)
    assert made == ["pool", "pool"]
    assert cluster._pools == {}


def test_what_a_task_raises_is_raised(dask: type[_Client]) -> None:
    """As a pool of this machine does; the processes of the workers are ended."""
    with pytest.raises(RuntimeError, match="out of coffee"):
        _run("one", "raise")
    assert dask.ended == ["_end_pools"]


def test_another_environment_is_refused() -> None:
    """A worker with another Flax gives no result, and names the difference."""
    here = installed.probe().conditions
    assert SameEnvironment(_work, here)("one") == "ONE"
    with pytest.raises(NoCluster, match=r"environment: flax: 0.1.0 here, .* in a worker. Install"):
        SameEnvironment(_work, {**here, "flax": "0.1.0"})("one")
