"""The command line of the gate, end to end, on existing interpreters."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from dropout_props.cli import main


def run(*arguments: str) -> int:
    """Call the command line in this process; return its exit code."""
    with pytest.raises(SystemExit) as stopped:
        main(["gate", *arguments])
    return int(stopped.value.code or 0)


def test_one_environment_against_itself_is_identical(
    tmp_path: Path, cache: Path, capsys: Any, monkeypatch: Any
) -> None:
    """Exit code 0; versions are printed, results kept, reports and the step summary written."""
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    place = tmp_path / "gate.json"
    here = ("--base-interpreter", sys.executable, "--candidate-interpreter", sys.executable)
    assert run("nnx.Dropout", *here, "--property", "DP101", "--json", str(place)) == 0
    printed = capsys.readouterr()
    assert "4 identical" in printed.out
    assert "flax" in printed.out
    assert json.loads(place.read_text())["tally"] == {"identical": 4}
    assert "## The upgrade gate passed" in summary.read_text()
    assert len(list((cache / "gates").iterdir())) == 2


LISTED = """
[[deviation]]
property = "DP107"
subject = "linen.Dropout"
matches = "1.5"
reason = "a list of the user's own"
link = "https://example.org"
expires = 2999-01-01
"""


@pytest.mark.parametrize(
    ("known", "verdict"),
    [pytest.param("none", "fail", marks=pytest.mark.nightly), ("own.toml", "known")],
)
def test_both_sides_use_the_list_that_is_named(
    tmp_path: Path, capsys: Any, monkeypatch: Any, known: str, verdict: str
) -> None:
    """Without a list the property fails; with the user's list it is a known deviation."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(LISTED)
    here = ("--base-interpreter", sys.executable, "--candidate-interpreter", sys.executable)
    options = ("--property", "DP107", "--known", known, "--json", "gate.json")
    code = run("linen.Dropout", *here, *options)
    rows = json.loads(Path("gate.json").read_text())["comparison"]["rows"]
    [row] = [row for row in rows if row["property_id"] == "DP107"]
    assert (row["base"], row["candidate"]) == (verdict, verdict), capsys.readouterr()
    assert code == 0


@pytest.mark.parametrize("command", ["gate", "matrix"])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "own.toml: cannot be read as TOML"),
        ("[[deviation", "own.toml: cannot be read as TOML"),
        ("[[deviation]]\nclaim = 'DP107'", "own.toml, deviation 1: missing expires"),
    ],
)
def test_a_bad_list_is_refused_before_anything_is_built(
    capsys: Any, cache: Path, command: str, text: str | None, sentence: str
) -> None:
    """Exit code 4, and the sentence that `check` prints."""
    place = cache.with_name("own.toml")
    if text is not None:
        place.write_text(text)
    sides = ("--base", "flax==0.12.0", "--candidate", "flax==0.12.1")
    with pytest.raises(SystemExit) as stopped:
        main([command, "--known", str(place), *(sides if command == "gate" else ())])
    assert stopped.value.code == 4
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--base", "flax==0.12.0"), "name the candidate once"),
        (("--base", "flax=0", "--candidate", "flax==0.12.0"), "is not a list of requirements"),
        (
            ("--base-interpreter", sys.executable, "--with", "x", "--candidate", "flax"),
            "leave out --with and --python",
        ),
    ],
)
def test_each_side_must_be_named_once_and_correctly(
    arguments: tuple[str, ...], sentence: str, capsys: Any
) -> None:
    """Exit code 4 before anything is built, and one sentence with the remedy."""
    assert run(*arguments) == 4
    assert sentence in capsys.readouterr().err


def test_a_side_that_cannot_run_exits_with_3(tmp_path: Path, capsys: Any) -> None:
    """A broken interpreter is not a failure of a property; its last line is printed."""
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho no flax here >&2\nexit 9\n")
    program.chmod(0o755)
    both = ("--base-interpreter", str(program), "--candidate-interpreter", str(program))
    assert run(*both) == 3
    printed = " ".join(capsys.readouterr().out.split())
    assert "exit status 9; its last line: no flax here" in printed
