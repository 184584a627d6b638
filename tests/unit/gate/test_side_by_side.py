"""`matrix --installed` judges each subject by itself, and makes one page of all."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dropout_props.cli import main
from dropout_props.gate.side_by_side import OtherRun, file_of, judge, together
from dropout_props.layers import registry
from dropout_props.report.subjects import subjects_page
from dropout_props.results import files
from dropout_props.results.records import PropertyResult
from dropout_props.results.verdict import Verdict

REQUEST = {"properties": [], "profile": "smoke", "run_seed": 0, "budget": 1e-9}


@pytest.fixture
def judged(make: Any) -> Any:
    """Return a function that makes the result of a subject."""

    def result(subject: str, verdict: Verdict = Verdict.PASS, **fields: Any) -> Any:
        one = PropertyResult(subject, "DP101", "eval identity", "exact", verdict, shown="it drops")
        return make(one, **fields)

    return result


@pytest.fixture
def sides(judged: Any, monkeypatch: pytest.MonkeyPatch) -> list[list[Any]]:
    """Stand in for the processes; return the jobs that ran at once."""
    ran: list[list[Any]] = []

    def run_sides(jobs: list[Any]) -> list[Any]:
        ran.append([(job.label, job.request["subjects"]) for job in jobs])
        return [judged(job.label) for job in jobs]

    monkeypatch.setattr("dropout_props.cli.progress.run_sides", run_sides)
    return ran


def run(*arguments: str) -> int:
    """Call the command line in this process; return its exit code."""
    with pytest.raises(SystemExit) as stopped:
        main(["matrix", "--installed", *arguments])
    return int(stopped.value.code or 0)


def test_each_subject_has_a_side_of_its_own(judged: Any) -> None:
    """Two run at once with this interpreter; a stored result is reused; the order stays."""
    ran: list[Any] = []

    def run_sides(jobs: list[Any]) -> list[Any]:
        ran.append([(job.label, job.request, job.prepare().reused) for job in jobs])
        return [judged(job.label) for job in jobs]

    stored = {"b": judged("b")}
    taken: list[str] = []
    found = judge(
        ["a", "b", "c", "d"],
        REQUEST,
        run_sides=run_sides,
        stored=stored,
        on_result=lambda subject, _: taken.append(subject),
    )
    assert list(found) == ["a", "b", "c", "d"]
    assert taken == ["a", "c", "d"]
    expected = [[("a", True), ("c", True)], [("d", True)]]
    assert [[(label, reused) for label, _, reused in jobs] for jobs in ran] == expected
    assert [asked for jobs in ran for _, asked, _ in jobs] == [
        {**REQUEST, "subjects": [one]} for one in ("a", "c", "d")
    ]


def test_their_results_make_one_run(judged: Any) -> None:
    """With the rows and versions of all, and why one could not be judged."""
    versions = {"flax": "0.11.2", "jax": "0.7.1"}
    run = together(
        {
            "broken": judged("broken", versions={}, results=(), collected=0, stopped="no symbol"),
            "a": judged("a", versions=versions),
            "haiku.dropout": judged("haiku.dropout", versions={**versions, "dm-haiku": "0.0.17"}),
        }
    )
    assert [one.subject for one in run.results] == ["a", "haiku.dropout"]
    assert run.versions == {**versions, "dm-haiku": "0.0.17"}
    assert run.collected == 2
    assert run.stopped == "broken: no symbol"
    assert "Not judged to the end: broken: no symbol." in subjects_page(run, command="matrix")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"profile": "smoke"}, "b was judged with profile smoke, and a with ci"),
        ({"run_seed": 1}, "run seed 1, and a with 0"),
        ({"versions": {"flax": "0.12.0", "jax": "0.7.1"}}, "flax 0.12.0, and a with 0.11.2"),
    ],
)
def test_results_of_two_runs_are_no_page(judged: Any, fields: Any, words: str) -> None:
    """The sentence says what differs, and which file to remove."""
    with pytest.raises(OtherRun, match=words) as caught:
        together({"a": judged("a"), "b": judged("b", **fields)})
    assert f"remove {file_of('b')} or {file_of('a')}" in str(caught.value)


def test_the_command_writes_the_page_and_stores_the_results(
    sides: list[Any], judged: Any, tmp_path: Path, capsys: Any
) -> None:
    """The next call judges what is missing; the page has a column for each subject."""
    folder, page, html = tmp_path / "stored", tmp_path / "page.md", tmp_path / "page.html"
    asked = ("--subject", "haiku.dropout", "--subject", "mine.layers:Mine", "--profile", "ci")
    options = ("--results", str(folder), "--write", str(page), "--html", str(html))
    assert run(*asked, *options) == 0
    assert sides == [[(one, [one]) for one in ("haiku.dropout", "mine.layers:Mine")]]
    stored = sorted(one.name for one in folder.iterdir())
    assert stored == ["subject-haiku.dropout.json", "subject-mine.layers-Mine.json"]
    assert f"{page}: 2 subjects." in capsys.readouterr().out
    words = "dropout-props matrix --installed " + " ".join(asked)
    both = together({one: judged(one) for one in ("haiku.dropout", "mine.layers:Mine")})
    assert page.read_text(encoding="utf-8") == subjects_page(both, command=words)
    assert "haiku.dropout" in html.read_text(encoding="utf-8")

    failing = judged("haiku.dropout", Verdict.FAIL)
    (folder / stored[0]).write_text(files.result_text(failing), encoding="utf-8")
    assert run(*asked, *options) == 1
    assert len(sides) == 1
    assert "(fail): it drops" in page.read_text(encoding="utf-8")

    other = replace(failing, run_seed=5)
    (folder / stored[0]).write_text(files.result_text(other), encoding="utf-8")
    assert run(*asked, *options) == 3
    assert "was judged with run seed 0, and haiku.dropout with 5" in capsys.readouterr().err


def test_by_default_every_installed_framework_is_judged(
    sides: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Flax's layers and bridges, and the subjects whose package is there."""
    monkeypatch.setattr(registry, "find_spec", lambda name: name if name == "equinox" else None)
    assert run() == 0
    assert [label for jobs in sides for label, _ in jobs] == [
        "linen.Dropout",
        "nnx.Dropout",
        "nnx.bridge.ToLinen",
        "nnx.bridge.ToNNX",
        "equinox.nn.Dropout",
    ]
    said = capsys.readouterr().out
    assert "| DP101 eval identity | ✓ | ✓ | ✓ | ✓ | ✓ |" in said


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (("0.12.0",), "RELEASE"),
        (("--python", "3.12"), "--python"),
        (("--platform", "cpu"), "--platform"),
        (("--cluster", "tcp://here:1"), "--cluster"),
    ],
)
def test_it_is_about_this_environment_alone(
    sides: list[Any], arguments: tuple[str, ...], name: str, capsys: Any
) -> None:
    """What names another place is a usage error, and nothing is judged."""
    assert run(*arguments) == 4
    assert f"leave out {name}, or --installed" in " ".join(capsys.readouterr().err.split())
    assert sides == []
