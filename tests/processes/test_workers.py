"""A pair whose process dies or hangs is one ERROR, and changes no other result of the run.

By day the workers that die and hang are played: test_pool.py kills and stops real ones, with tasks
that need no JAX. At night both meet.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dropout_props.cli import main
from dropout_props.engine.pool import CannotStart, Lost, TaskSource
from dropout_props.engine.pool.ending import describe_exit, describe_timeout
from dropout_props.engine.snapshot import masks
from dropout_props.results.records import PropertyResult
from dropout_props.results.verdict import Verdict

_LAYERS = """
import os, signal, time
import jax, jax.numpy as jnp
from dropout_props import Subject
from dropout_props.engine.snapshot import masks

masks.NUM_BLOCKS = 1  # in a worker too: these tests read no count of a snapshot

def right(key, x, rate, deterministic):
    if deterministic or rate == 0.0:
        return x
    kept = jax.random.bernoulli(key, 1 - rate, x.shape)
    return jnp.where(kept, x / (1 - rate), 0)

def dies(key, x, rate, deterministic):
    if not deterministic:
        os.kill(os.getpid(), signal.SIGKILL)
    return right(key, x, rate, deterministic)

def sleeps(key, x, rate, deterministic):
    if not deterministic:
        time.sleep(1000)
    return right(key, x, rate, deterministic)

def doubled(key, x, rate, deterministic):
    return 2 * right(key, x, rate, deterministic)

def prints(key, x, rate, deterministic):
    print("called")
    return right(key, x, rate, deterministic)

# They promise all inputs, so that pairs alone call them, and the last two in training only.
loud = Subject.function(prints, name="layers_for_workers:loud", takes="all")
killed = Subject.function(dies, name="layers_for_workers:killed", takes="all")
hangs = Subject.function(sleeps, name="layers_for_workers:hangs", takes="all")
first = Subject.function(right, name="layer")
second = Subject.function(doubled, name="layer")
"""


@pytest.fixture
def layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write a module of layers into the working directory; return its name."""
    (tmp_path / "layers_for_workers.py").write_text(_LAYERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(filter(None, sys.path)))
    monkeypatch.setattr(masks, "NUM_BLOCKS", masks.NUM_BLOCKS)  # as before, afterwards
    yield "layers_for_workers"
    sys.modules.pop("layers_for_workers", None)


class _Ends(BaseException):
    """A layer kills its process, or hangs; no handler of a layer's errors catches it."""


class _PoolHere:
    """Runs tasks in this process; one that would kill or hang its process is lost."""

    def __init__(
        self, work: Callable[[Any], Any], *, processes: int, limit: float | None = None
    ) -> None:
        del processes
        self._work = work
        self._limit = limit

    def run(self, source: TaskSource[Any, Any]) -> None:
        while (task := source.take(0)) is not None:
            try:
                result = self._work(task)
            except _Ends:
                how = describe_timeout(self._limit) if self._limit else describe_exit(-9)
                result = Lost(how, how)
            source.put(task, result)


@pytest.fixture(params=["played", pytest.param("real", marks=pytest.mark.nightly)])
def workers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process play the workers, or start them."""

    def end(*_: Any) -> None:
        raise _Ends

    if request.param == "played":
        monkeypatch.setattr("dropout_props.engine.run.schedule.Pool", _PoolHere)
        monkeypatch.setattr(os, "kill", end)
        monkeypatch.setattr(time, "sleep", end)


def _check(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Check in the smallest profile; return the exit code, and the results of a complete file."""
    with pytest.raises(SystemExit) as stopped:
        main(["check", *arguments, "--profile", "smoke", "--json", "r.json"])
    document = json.loads(Path("r.json").read_text())
    assert document["complete"] is True
    return int(stopped.value.code or 0), document["run"]["results"]


def _verdicts(results: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(one["subject"], one["property_id"], one["verdict"]) for one in results]


_PROPERTIES = ("--property", "DP101", "--property", "DP201", "--property", "DP202")


@pytest.mark.usefixtures("workers")
def test_a_killed_pair_is_an_error_and_the_others_are_judged(layers: str, capsys: Any) -> None:
    """Exit 1, a complete result file with its snapshots, and a text that names the signal."""
    dead, right = f"{layers}:killed", f"{layers}:right"
    code, results = _check(dead, right, *_PROPERTIES, "-n", "2")
    assert code == 1
    assert _verdicts(results) == [
        (dead, "DP101", "pass"),
        (dead, "DP201", "error"),
        (dead, "DP202", "blocked"),
        (right, "DP101", "pass"),
        (right, "DP201", "pass"),
        (right, "DP202", "pass"),
    ]
    assert "killed by SIGKILL (signal 9" in results[1]["shown"]
    said = " ".join(capsys.readouterr().out.split())
    assert f"ERROR {dead} DP201 outputs are 0 or x/keep" in said
    assert f"check {dead} --property DP201 --profile smoke --seed 0 -n 2" in said
    snapshots = json.loads(Path("r.json").read_text())["run"]["snapshot"]["subjects"]
    assert [bool(one["trouble"]) for one in snapshots] == [True, False]
    assert "SIGKILL" in snapshots[0]["trouble"]


@pytest.mark.usefixtures("workers")
def test_a_pair_that_hangs_is_an_error_that_names_the_limit(layers: str) -> None:
    """--timeout works without -n."""
    hangs = f"{layers}:hangs"
    code, results = _check(hangs, "--property", "DP101", "--property", "DP201", "--timeout", "15")
    assert code == 1
    assert _verdicts(results) == [(hangs, "DP101", "pass"), (hangs, "DP201", "error")]
    assert "stopped at the limit of 15 seconds, twice" in results[1]["shown"]


@pytest.mark.usefixtures("workers")
@pytest.mark.parametrize("processes", ["1", "2"])
def test_what_a_layer_prints_is_counted_in_every_process(
    layers: str, capsys: Any, processes: str
) -> None:
    """One note about the layer that prints, none about the next, and no line in the report."""
    loud, right = f"{layers}:loud", f"{layers}:right"
    code, _ = _check(loud, right, "--property", "DP101", "-n", processes)
    assert code == 0
    assert "called" not in capsys.readouterr().out
    notes = json.loads(Path("r.json").read_text())["run"]["notes"]
    [printed] = [note for note in notes if "prints while it runs" in note]
    found = re.fullmatch(rf"{loud}: it prints while it runs: (\d+) lines, which -v shows", printed)
    assert found is not None, printed
    assert int(found[1]) > 4  # those of the judge and of the snapshot


@pytest.mark.usefixtures("workers")
def test_v_shows_what_a_layer_prints_in_a_worker(layers: str, capsys: Any) -> None:
    """On standard error, as with one process; no note counts it."""
    code, _ = _check(f"{layers}:loud", "--property", "DP101", "-n", "2", "-v")
    assert code == 0
    said = capsys.readouterr()
    assert "called" not in said.out
    assert said.err.count("called\n") > 4
    assert json.loads(Path("r.json").read_text())["run"]["notes"] == []


def test_workers_that_cannot_start_leave_a_readable_result(
    layers: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """The results so far are printed and written, marked incomplete; a sentence; exit 3."""

    def stops(*_: Any, on_result: Any, **__: Any) -> Any:
        on_result(
            PropertyResult(f"{layers}:right", "DP101", "eval identity", "exact", Verdict.PASS)
        )
        raise CannotStart("3 worker processes in a row ended before they were ready.")

    monkeypatch.setattr("dropout_props.engine.run.in_workers", stops)
    with pytest.raises(SystemExit) as stopped:
        main(["check", f"{layers}:right", *_PROPERTIES, "-n", "2", "--json", "r.json"])
    assert stopped.value.code == 3
    said = capsys.readouterr()
    assert "1 pass, 2 not judged (incomplete)" in said.out
    assert "dropout-props: 3 worker processes in a row ended" in said.err
    document = json.loads(Path("r.json").read_text())
    assert document["complete"] is False
    assert document["run"]["stopped"].startswith("3 worker processes")


def test_subjects_of_one_name_are_distinguished_with_any_number_of_processes(
    layers: str, capsys: Any
) -> None:
    """Each is named and replayed by its path, and has the same result with -n 2."""
    first, second = f"{layers}:first", f"{layers}:second"
    found = []
    for processes in ("1", "2"):
        code, results = _check(first, second, *_PROPERTIES, "-n", processes)
        assert code == 1
        for one in results:
            for figure in ("seconds", "compile_seconds", "compilations"):
                one.pop(figure)
        found.append(results)
    assert found[0] == found[1]
    assert [verdict for _, _, verdict in _verdicts(found[0])] == [
        *("pass", "pass", "pass"),
        *("fail", "fail", "blocked"),
    ]
    failure = found[0][4]["failure"]
    assert f"check {second} --property DP201" in failure["reproduce"]
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        main(["replay", failure["replay"]["id"], "--result", "r.json"])
    assert stopped.value.code == 1
    assert capsys.readouterr().out.startswith(f"FAILED {second} DP201")


@pytest.mark.usefixtures("workers")
def test_a_subject_with_a_name_is_found_by_its_path(layers: str, capsys: Any) -> None:
    """Its name cannot be loaded: -n 2, `replay` and the printed command use its path."""
    second = f"{layers}:second"
    code, results = _check(second, "--property", "DP201", "-n", "2")
    assert code == 1
    assert _verdicts(results) == [("layer", "DP201", "fail")]
    failure = results[0]["failure"]
    assert f"check {second} --property DP201" in failure["reproduce"]
    assert failure["replay"]["source"] == second
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        main(["replay", failure["replay"]["id"], "--result", "r.json"])
    assert stopped.value.code == 1
    assert capsys.readouterr().out.startswith("FAILED layer DP201")
