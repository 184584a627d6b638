"""The kill matrix finds survivors, idle properties and flagged controls, and judges every layer."""

import pickle
from pathlib import Path
from typing import Any

import pytest

from dropout_props.cli import main
from dropout_props.engine.pool import Lost
from dropout_props.selftest import kill_matrix
from dropout_props.selftest.kills import Kill, KillMatrix
from dropout_props.selftest.mutants import CONTROLS, MUTANTS


def kill(
    verdict: str, *, property_id: str = "DP202", control: bool = False, live: bool = False
) -> Kill:
    """One verdict on one layer."""
    return Kill(
        mutant="one",
        api="linen",
        property_id=property_id,
        run_seed=0,
        verdict=verdict,
        expected=not control,
        control=control,
        live=live,
        draws=0,
        seconds=0.0,
        shown="",
    )


def matrix(
    *kills: Kill, properties: tuple[str, ...] = ("DP202",), whole: bool = True
) -> KillMatrix:
    """The matrix of these verdicts."""
    return KillMatrix("ci", (0,), properties, kills, whole=whole)


def run(*arguments: str) -> int:
    """Call the command line in this process; return its exit code."""
    with pytest.raises(SystemExit) as stopped:
        main(["selftest", *arguments])
    return int(stopped.value.code or 0)


@pytest.mark.parametrize("verdict", ["pass", "blocked", "error", "inconclusive", "known"])
def test_any_verdict_but_fail_makes_a_survivor(verdict: str) -> None:
    """A mutant is killed if its property fails, not if the property could not be judged."""
    found = matrix(kill(verdict))
    assert [one.verdict for one in found.survivors] == [verdict]
    assert found.idle == ("DP202",)
    assert not found.passed


def test_a_live_mutant_is_killed_by_a_known_deviation() -> None:
    """KNOWN means that the property failed, as the list of known deviations says."""
    assert matrix(kill("known", live=True)).passed


@pytest.mark.parametrize("verdict", ["fail", "error", "inconclusive", "blocked"])
def test_a_control_that_gets_any_of_these_is_flagged(verdict: str) -> None:
    """A control must pass, unless the property does not apply."""
    found = matrix(kill("fail"), kill(verdict, control=True))
    assert found.flagged
    assert not found.passed
    assert matrix(kill("fail"), kill("pass", control=True)).passed


def test_a_property_can_be_idle_only_if_all_mutants_were_judged() -> None:
    """One mutant shows nothing about the properties that do not name it."""
    kills = (kill("fail"),)
    assert matrix(*kills, properties=("DP202", "DP301")).idle == ("DP301",)
    assert matrix(*kills, properties=("DP202", "DP301"), whole=False).passed


def test_the_tasks_cover_every_layer() -> None:
    """Each mutant has its properties, each control the catalogue, in each API."""
    tasks = kill_matrix.tasks(profile="ci", run_seeds=[0])
    assert len(tasks) == sum(len(one.apis) for one in (*MUTANTS, *CONTROLS))
    by_name = {(task.mutant, task.api): task.properties for task in tasks}
    assert all(
        by_name[one.name, api] == tuple(sorted(one.killed_by))
        for one in MUTANTS
        for api in one.apis
    )


def test_a_layer_whose_worker_dies_is_an_error_of_each_property(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A bug survives by it, a control is flagged by it, and the text says how it died."""

    def dies(judge: Any, planned: Any, *, lost: Any, **_: Any) -> None:
        for one in planned:
            lost(one, Lost("was killed by SIGKILL", "was killed by SIGKILL"))

    monkeypatch.setattr(kill_matrix, "in_parallel", dies)
    names = ("bias_1pct", CONTROLS[0].name)
    tasks = kill_matrix.tasks(profile="ci", run_seeds=[0, 1], mutants=names, properties=["DP202"])
    found = kill_matrix.run(tasks, whole=False, processes=2)
    assert len(found.kills) == 2 * len(tasks)
    assert {(one.verdict, "SIGKILL" in one.shown) for one in found.kills} == {("error", True)}
    assert {one.mutant for one in found.survivors} == {"bias_1pct"}
    assert {one.mutant for one in found.flagged} == {CONTROLS[0].name}


def _played(work: Any, tasks: Any, *, done: Any, **_: Any) -> None:
    """Take the place of `in_parallel`: send each task, and run it here."""
    for task in tasks:
        there, sent = pickle.loads(pickle.dumps((work, task)))  # noqa: S301 (its own bytes)
        done(task, there(sent))


@pytest.mark.parametrize(
    "processes", ["1", "2, played", pytest.param("2", marks=pytest.mark.nightly)]
)
def test_processes_do_not_change_a_verdict(
    processes: str, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutants are killed in whichever process; test_pool.py runs tasks in others by day."""
    if processes == "2, played":
        monkeypatch.setattr(kill_matrix, "in_parallel", _played)
    page = tmp_path / "page.md"
    code = run("--mutant", "bias_1pct", "--mutant", "scale_twice", "-n", processes[0],
               "--write", str(page), "--json", str(tmp_path / "kills.json"))  # fmt: skip
    said = capsys.readouterr().out
    assert code == 0, said
    assert "4 mutants: 0 survived" in said
    assert "| bias_1pct |" in page.read_text()
    assert "no control was flagged" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 4, "give --mutants, --null or --power"),
        (("--mutant", "bias_2pct"), 4, "did you mean bias_1pct"),
        (("--mutants", "--property", "DP999"), 4, "unknown property 'DP999'"),
        (("--mutant", "bias_1pct", "--property", "DP101"), 5, "nothing is selected"),
        (("--null", "--write", "page.md"), 4, "give --mutants too"),
        (("--mutants", "--json", "no/such/folder/x.json"), 4, "no/such/folder"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(
    arguments: tuple[str, ...], code: int, words: str, capsys: Any
) -> None:
    """The message is one paragraph that names the value and the remedy."""
    assert run(*arguments) == code
    assert words in " ".join(capsys.readouterr().err.split())
