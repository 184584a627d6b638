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


LISTED = """
[[deviation]]
property = "DP107"
subject = "linen.Dropout"
matches = "1.5"
reason = "a list of the user's own"
link = "https://example.org"
expires = 2999-01-01
"""


def test_one_environment_against_itself_is_identical(
    tmp_path: Path, cache: Path, capsys: Any, monkeypatch: Any
) -> None:
    """Exit code 0; versions are printed, results kept, reports and the step summary written.

    Both sides use the list of deviations that is named.
    """
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    place, known = tmp_path / "gate.json", tmp_path / "own.toml"
    known.write_text(LISTED)
    here = ("--base-interpreter", sys.executable, "--candidate-interpreter", sys.executable)
    options = ("--property", "DP101", "--property", "DP107", "--known", str(known))
    assert run("linen.Dropout", *here, *options, "--json", str(place)) == 0
    printed = capsys.readouterr()
    assert "1 known, 4 identical" in printed.out
    assert "flax" in printed.out
    assert json.loads(place.read_text())["tally"] == {"known": 1, "identical": 4}
    assert verdicts(place) == ("known", "known")
    assert "## The upgrade gate passed" in summary.read_text()
    assert len(list((cache / "gates").iterdir())) == 2


@pytest.mark.nightly
def test_both_sides_use_no_list(tmp_path: Path, capsys: Any) -> None:
    """Without a list the property fails on both sides, and the gate passes."""
    place = tmp_path / "gate.json"
    here = ("--base-interpreter", sys.executable, "--candidate-interpreter", sys.executable)
    options = ("--property", "DP107", "--known", "none", "--json", str(place))
    code = run("linen.Dropout", *here, *options)
    assert verdicts(place) == ("fail", "fail"), capsys.readouterr()
    assert code == 0


def verdicts(place: Path) -> tuple[str, str]:
    """Return the verdicts of DP107 on both sides of a stored gate."""
    rows = json.loads(place.read_text())["comparison"]["rows"]
    [row] = [row for row in rows if row["property_id"] == "DP107"]
    return row["base"], row["candidate"]


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
