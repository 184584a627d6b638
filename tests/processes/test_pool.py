"""A worker that dies or hangs loses its own task alone, and the loss says how it ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dropout_props.engine.pool import CannotStart, Lost, Pool, in_parallel

_TASKS = """
import os, signal, subprocess, sys, time
from pathlib import Path

def work(task):
    what, *more = task.split()
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "crash":
        signal.raise_signal(signal.SIGSEGV)
    if what == "exit":
        os._exit(int(more[0]))
    if what == "hang":
        time.sleep(1000)
    if what == "once":
        place = Path(more[0])
        if not place.exists():
            place.touch()
            os._exit(9)
    if what == "loaded":
        return " ".join({"jax", "numpy", "scipy", "hypothesis"} & set(sys.modules))
    if what == "raise":
        raise LookupError("no such thing")
    if what == "leave":
        sys.exit(0)
    if what == "start":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
        Path(more[0]).write_text(f"{os.getpid()} {child.pid}")
        time.sleep(1000)
    return task.upper()

class Deadly:
    def __call__(self, task): ...
    def __reduce__(self):
        return os._exit, (7,)
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that a fresh process can import; it needs no JAX."""
    (tmp_path / "tasks_of_the_pool.py").write_text(_TASKS)
    monkeypatch.syspath_prepend(str(tmp_path))
    import tasks_of_the_pool  # type: ignore[import-not-found]

    yield tasks_of_the_pool.work
    sys.modules.pop("tasks_of_the_pool")


class _All:
    """A source that hands out every task, and stores the results."""

    def __init__(self, *tasks: str) -> None:
        self.waiting = list(tasks)
        self.found: dict[str, str | Lost] = {}

    def take(self, _slot: int) -> str | None:
        return self.waiting.pop(0) if self.waiting else None

    def put(self, task: str, result: str | Lost) -> None:
        assert task not in self.found
        self.found[task] = result


def _results(work: Callable[[str], str], *tasks: str, **options: Any) -> dict[str, str | Lost]:
    source = _All(*tasks)
    Pool(work, processes=2, **options).run(source)
    return source.found


_KILLED = "was killed by SIGKILL (signal 9; the system sends it when memory runs out)"


@pytest.mark.parametrize(
    ("deadly", "how"),
    [
        ("kill", _KILLED),
        ("crash", "was killed by SIGSEGV (signal 11)"),
        ("exit 3", "ended with exit code 3"),
        ("exit 0", "ended with exit code 0"),
    ],
)
def test_a_deadly_task_is_lost_alone(work: Any, deadly: str, how: str) -> None:
    """It runs twice; every other task has its result, in whatever order."""
    found = _results(work, "one", deadly, "two", "three")
    assert found.pop(deadly) == Lost(how, how)
    assert found == {"one": "ONE", "two": "TWO", "three": "THREE"}


def test_a_loss_is_put_into_words() -> None:
    """Both ends are named where they differ."""
    assert str(Lost(_KILLED, _KILLED)) == (
        f"its process {_KILLED}, twice: the second time alone, in a fresh process"
    )
    assert str(Lost("ended with exit code 3", "was stopped at the limit of 5 seconds")) == (
        "its process ended with exit code 3; retried alone in a fresh process, that process was "
        "stopped at the limit of 5 seconds"
    )


def test_a_task_that_died_once_is_retried(work: Any, tmp_path: Path) -> None:
    """Whatever killed its first process, the second one returns the result."""
    task = f"once {tmp_path / 'died'}"
    assert _results(work, task, "one") == {task: task.upper(), "one": "ONE"}


def test_a_task_that_hangs_is_lost_at_the_limit(work: Any) -> None:
    """The loss names the limit."""
    how = "was stopped at the limit of 2 seconds"
    assert _results(work, "hang", "one", limit=2.0) == {"hang": Lost(how, how), "one": "ONE"}


@pytest.mark.parametrize(
    ("task", "error", "text"),
    [("raise", LookupError, "no such thing"), ("leave", RuntimeError, "SystemExit: 0")],
)
def test_what_a_task_raises_is_raised_in_the_owner(
    work: Any, task: str, error: type[Exception], text: str
) -> None:
    """The others are stopped; a task that exits does not end the owner."""
    with pytest.raises(error, match=text):
        _results(work, "hang", task)


def test_processes_that_cannot_start_end_the_run(work: Any) -> None:
    """With a sentence; no task is lost by it."""
    deadly = sys.modules["tasks_of_the_pool"].Deadly()
    with pytest.raises(CannotStart, match=r"3 worker processes in a row .* exit code 7") as caught:
        _results(deadly, "one")
    assert "without -n and --timeout" in str(caught.value)


def _gone(pid: int) -> bool:
    """Return whether a process has ended; a zombie has."""
    status = Path(f"/proc/{pid}/status")
    try:
        return "State:\tZ" in status.read_text()
    except OSError:
        return True


def _wait_until(true: Callable[[], bool]) -> None:
    import time

    for _ in range(600):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError("it never became true")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="it looks at processes in /proc")
def test_what_a_worker_started_ends_with_it(work: Any, tmp_path: Path) -> None:
    """A worker that is stopped leaves no process behind."""
    place = tmp_path / "pids"
    _results(work, f"start {place}", limit=2.0)
    _wait_until(lambda: all(_gone(int(pid)) for pid in place.read_text().split()))


_OWNER = """
import sys
from dropout_props.engine.pool import in_parallel
from tasks_of_the_pool import work

if __name__ == "__main__":
    in_parallel(work, [f"start {sys.argv[1]}"], processes=1, done=print, lost=print)
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="it looks at processes in /proc")
def test_workers_end_when_their_owner_is_killed(work: Any, tmp_path: Path) -> None:
    """SIGKILL lets the owner send nothing; they notice that it is gone."""
    (tmp_path / "owner.py").write_text(_OWNER)
    place = tmp_path / "pids"
    with subprocess.Popen(
        [sys.executable, "owner.py", str(place)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)])},
    ) as owner:
        try:
            _wait_until(lambda: place.exists() and len(place.read_text().split()) == 2)
        finally:
            owner.send_signal(signal.SIGKILL)
    _wait_until(lambda: all(_gone(int(pid)) for pid in place.read_text().split()))


def test_a_list_of_tasks(work: Any) -> None:
    """`in_parallel` passes on results and losses separately; a worker loads nothing by itself."""
    done: dict[str, str] = {}
    lost: dict[str, Lost] = {}
    tasks = ["one", "exit 3", "loaded"]
    in_parallel(work, tasks, processes=2, done=done.__setitem__, lost=lost.__setitem__)
    assert done == {"one": "ONE", "loaded": ""}
    assert list(lost) == ["exit 3"]
