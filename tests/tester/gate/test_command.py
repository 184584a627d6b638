"""The command line of the gate, from end to end, on interpreters that exist."""

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
    assert run("nnx.Dropout", *here, "--claim", "DP101", "--json", str(place)) == 0
    printed = capsys.readouterr()
    assert "4 identical" in printed.out
    assert "flax" in printed.out
    assert json.loads(place.read_text())["tally"] == {"identical": 4}
    assert "## The upgrade gate passed" in summary.read_text()
    assert len(list((cache / "gates").iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--base", "flax==0.12.0"), "name the candidate once"),
        (("--base", "flax=0", "--candidate", "flax==0.12.0"), "names no requirement"),
        (
            ("--base-interpreter", sys.executable, "--with", "x", "--candidate", "flax"),
            "--with and --python do not go with it",
        ),
    ],
)
def test_a_side_is_named_once_and_well(
    arguments: tuple[str, ...], sentence: str, capsys: Any
) -> None:
    """Exit code 4 before anything is built, and one sentence with the remedy."""
    assert run(*arguments) == 4
    assert sentence in capsys.readouterr().err


def test_a_side_that_cannot_run_exits_with_3(tmp_path: Path, capsys: Any) -> None:
    """Both programs are told apart from a failure; what is wrong is printed."""
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho no flax here >&2\nexit 9\n")
    program.chmod(0o755)
    both = ("--base-interpreter", str(program), "--candidate-interpreter", str(program))
    assert run(*both) == 3
    printed = " ".join(capsys.readouterr().out.split())
    assert "exit status 9; its last words: no flax here" in printed
