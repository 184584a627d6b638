"""A result is printed and written to every file that can be written, even if another cannot."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from dropout_props.cli import main
from dropout_props.results import files
from dropout_props.results.records import PropertyResult, RunResult, Snapshot
from dropout_props.results.verdict import Verdict
from dropout_props.selftest.kills import Kill, KillMatrix

FULL = "cannot be written: No space left on device."
CHECK = ("check", "linen.Dropout", "--property", "DP101")
GATE = ("gate", "--base", "flax==0.12.0", "--candidate", "flax==0.12.1")
PASSED = RunResult(
    versions={},
    flags={},
    run_seed=0,
    profile="ci",
    false_fail_rate=1e-9,
    false_pass_rate=1e-3,
    share=1e-12,
    num_properties=1,
    collected=1,
    results=(PropertyResult("linen.Dropout", "DP101", "eval identity", "exact", Verdict.PASS),),
    snapshot=Snapshot({}),
)
KILLED = KillMatrix(
    "ci",
    (0,),
    ("DP105",),
    (
        Kill(
            mutant="mode_by_or",
            api="linen",
            property_id="DP105",
            run_seed=0,
            verdict="fail",
            expected=True,
            control=False,
            live=False,
            draws=0,
            seconds=0.0,
            shown="",
        ),
    ),
    whole=True,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Make a working directory, and replace everything that would take long."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DROPOUT_PROPS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    doubles: dict[str, Any] = {
        "dropout_props.engine.run.run": lambda *_, **__: PASSED,
        "dropout_props.engine.snapshot.take": lambda _: Snapshot({}),
        "dropout_props.cli.progress.run_sides": lambda jobs: [PASSED] * len(jobs),
        "dropout_props.selftest.kill_matrix.run": lambda *_, **__: KILLED,
    }
    for place, double in doubles.items():
        monkeypatch.setattr(place, double)
    for name in ("a.json", "b.json"):
        files.write(PASSED, tmp_path / name)
    yield tmp_path
    assert not list(tmp_path.rglob(".*")), "a temporary file was left"


def run(*arguments: str) -> int:
    """Call the command line in this process; return its exit code."""
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    return int(stopped.value.code or 0)


REPORTS = [
    (CHECK, ("--json", "--junit"), "1 pass"),
    (("diff", "a.json", "b.json"), ("--json", "--markdown", "--junit"), "1 identical"),
    (GATE, ("--json", "--markdown", "--junit", "--html"), "1 identical"),
    (
        ("selftest", "--mutant", "mode_by_or"),
        ("--json", "--write", "--html"),
        "1 mutants: 0 survived",
    ),
]


@pytest.mark.parametrize(
    ("command", "options", "bad", "said"),
    [
        pytest.param(command, options, bad, said, id=f"{command[0]}{bad}")
        for command, options, said in REPORTS
        for bad in options
    ],
)
def test_a_full_disk_loses_one_file_alone(
    folder: Path, capsys: Any, *, command: Any, options: Any, bad: str, said: str
) -> None:
    """One sentence and 3; the report is printed, and every other file is written."""
    others = {option: folder / f"out{option}" for option in options if option != bad}
    named = [part for option, path in others.items() for part in (option, str(path))]
    assert run(*command, bad, "/dev/full", *named) == 3
    printed = capsys.readouterr()
    assert said in printed.out
    assert f"dropout-props: /dev/full: {FULL}" in printed.err
    assert printed.err.count(FULL) == 1
    assert all(path.read_text() for path in others.values())


def test_every_file_that_is_not_written_is_named(capsys: Any) -> None:
    """Each has a sentence, before or after the run."""
    assert run(*CHECK, "--json", "/dev/full", "--junit", "/dev/full") == 3
    assert run("diff", "a.json", "b.json", "--json", "/dev/full", "--junit", "/dev/fd/987") == 4
    assert "/dev/fd/987: cannot be written: Bad file descriptor" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("matrix", "0.12.0", "--results", "results"), "# Support matrix"),
        (("baseline", "a.json", "--update", "--from", "b.json"), "1 identical"),
    ],
    ids=["matrix", "baseline"],
)
def test_a_file_that_cannot_be_replaced_is_unchanged(
    folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, command: Any, said: str
) -> None:
    """The disk is full when the file is synchronised; the report is printed."""
    before = (folder / "a.json").read_text()

    def full(_: int) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert run(*command) == 3
    printed = capsys.readouterr()
    assert said in printed.out
    assert FULL in printed.err
    assert (folder / "a.json").read_text() == before
    assert not list(folder.glob("results/*"))


def test_a_page_on_a_full_disk_is_not_reported_as_written(capsys: Any) -> None:
    """Exit 3, the sentence, and no line that counts the releases of the page."""
    assert run("matrix", "0.12.0", "--write", "/dev/full") == 3
    printed = capsys.readouterr()
    assert f"/dev/full: {FULL}" in printed.err
    assert "releases." not in printed.out


def test_a_matrix_is_written_as_a_page(folder: Path) -> None:
    """With a column for the release."""
    assert run("matrix", "0.12.0", "--html", "page.html", "--write", "page.md") == 0
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert '<th class="s" scope="col">0.12.0</th>' in page


def test_a_report_that_cannot_be_printed_loses_no_file(
    folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where standard output is full, the result files are written, and the code is 3."""

    def full(*_: Any) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("dropout_props.report.screen.print_screen", full)
    assert run(*CHECK, "--json", "r.json", "--junit", "r.xml") == 3
    assert f"standard output: {FULL}" in capsys.readouterr().err
    assert files.read(folder / "r.json").complete
    assert ET.parse(folder / "r.xml").getroot().get("tests") == "1"  # noqa: S314 (written here)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ((*CHECK, "--json", "-"), "1 pass"),
        ((*CHECK, "--baseline", "a.json", "--json", "-"), "1 identical"),
        (("diff", "a.json", "b.json", "--json", "/dev/stdout"), "1 identical"),
        ((*GATE, "--json", "-"), "1 identical"),
        (("selftest", "--mutant", "mode_by_or", "--json", "-"), "1 mutants"),
    ],
    ids=["check", "baseline", "diff", "gate", "selftest"],
)
def test_json_on_standard_output_is_json_alone(capsys: Any, command: Any, said: str) -> None:
    """The report goes to standard error; nothing becomes a file called `-`."""
    assert run(*command) == 0
    printed = capsys.readouterr()
    assert isinstance(json.loads(printed.out), dict)
    assert said in printed.err
    assert not Path("-").exists()


def test_only_one_file_can_be_standard_output(capsys: Any) -> None:
    """Two are refused before anything runs."""
    assert run(*CHECK, "--json", "-", "--junit", "/dev/stdout") == 4
    printed = capsys.readouterr()
    assert "only one file can be standard output: name another place" in printed.err
    assert not printed.out


def test_a_cache_that_cannot_be_written_fails_nothing(
    capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`check` passes; `gate` says that its results are not stored; `replay` finds none."""
    monkeypatch.setenv("DROPOUT_PROPS_CACHE", "/dev/null/home")
    assert run(*CHECK) == 0
    assert run(*GATE) == 0
    assert "base flax==0.12.0: its result is not stored: " in capsys.readouterr().err
    assert run("replay", "abc") == 4


def test_a_summary_that_cannot_be_written_fails_nothing(
    capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CI names a file that does not exist in a container: a note, and the gate passes."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "missing/summary.md")
    assert run("diff", "a.json", "b.json") == 0
    assert "GITHUB_STEP_SUMMARY: nothing was added to it" in capsys.readouterr().err


_NOISY = """
import os

def noisy(key, x, rate, deterministic):
    print("printed by the layer")
    os.write(1, b"written by the layer\\n")
    return x
"""


def test_the_output_of_a_layer_is_not_in_the_json(folder: Path) -> None:
    """Neither what it prints, nor what it writes to the descriptor as a C library does."""
    (folder / "noisy_layers.py").write_text(_NOISY)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "dropout_props", "check", "noisy_layers:noisy"),
            *("--property", "DP106", "--profile", "smoke", "--json", "-", "-v"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout)["complete"] is True, done.stderr
    assert "printed by the layer" in done.stderr
    assert "written by the layer" in done.stderr


@pytest.mark.parametrize("target", ["/dev/full", "closed pipe"])
def test_a_standard_output_that_fails_is_not_a_failed_property(folder: Path, target: str) -> None:
    """A full disk behind `>`, and a pipe without a reader: 3, and neither 1 nor 120."""
    if target == "/dev/full":
        out = os.open(target, os.O_WRONLY)
    else:
        reader, out = os.pipe()
        os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "dropout_props", "explain"],
            cwd=folder,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(out)
    assert done.returncode == 3
    said = f"dropout-props: standard output: {FULL} Free some space, or name another place.\n"
    assert done.stderr == (said if target == "/dev/full" else "")
