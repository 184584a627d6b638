"""Each reproducer shows its deviation with JAX and its framework alone, on what is installed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dropout_props.engine.deviations import FRAMEWORKS_LIST, SHIPPED_LIST, Deviation
from dropout_props.environment import installed

_FLAX_ITSELF = ("linen.Dropout", "nnx.Dropout", "linen.attention", "nnx.attention")
_WITH_PROGRAM = [entry for entry in (*SHIPPED_LIST, *FRAMEWORKS_LIST) if entry.reproducer]
_VERSIONS = installed.probe().conditions
_APPLICABLE = [entry for entry in _WITH_PROGRAM if entry.holds_on(_VERSIONS)]
_LINES, _COLUMNS = 14, 76  # of 80, less the indent of a report


def _name(entry: Deviation) -> str:
    return f"{entry.property_id}-{entry.subject}"


class Programs:
    """Runs programs, each in a process of its own, without importing Flax for each."""

    def __init__(self, folder: Path) -> None:
        """Start the process that the programs are forked from."""
        inherited = {key: value for key, value in os.environ.items() if key[:5] != "FLAX_"}
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("forked.py")],
            cwd=folder,
            env=inherited | {"JAX_PLATFORMS": "cpu"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, program: str) -> tuple[int, str]:
        """Return the exit code of a program, and what it printed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        task = {"program": program, "folder": str(self._folder)}
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        code, output = json.loads(self._process.stdout.readline())
        return code, output

    def end(self) -> None:
        """End the process."""
        self._process.communicate()


def _last_error(output: str) -> str:
    """Return the line that names the exception of the last traceback."""
    _, raised, last = output.rpartition("Traceback (most recent call last):\n")
    lines = last.splitlines() if raised else []
    return next((line for line in lines if line and not line.startswith(" ")), "")


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    """One process for all programs of this file."""
    running = Programs(tmp_path_factory.mktemp("alone"))
    yield running
    running.end()


@pytest.mark.parametrize("entry", _APPLICABLE, ids=_name)
def test_it_ends_in_an_assertion_error(entry: Deviation, programs: Programs) -> None:
    """Where its conditions match, the assertion of the property fails, and nothing else does."""
    code, output = programs.run(entry.reproducer)
    assert code == 1, output
    assert _last_error(output).startswith("AssertionError"), output


@pytest.mark.parametrize(
    ("program", "last"),
    [
        ("assert 0, 'one\\nTypeError: two'", "AssertionError: one"),
        ("try:\n    1 / 0\nexcept Exception:\n    assert 0", "AssertionError"),
        ("try:\n    assert 0\nexcept Exception:\n    1 / 0", "ZeroDivisionError: division by zero"),
        ("pass", ""),
    ],
)
def test_another_error_is_not_an_assertion(program: str, last: str, programs: Programs) -> None:
    """A program that crashes for another reason shows no deviation."""
    code, output = programs.run(program)
    assert (code, _last_error(output)) == (int(bool(last)), last)


def test_each_deviation_of_flax_itself_has_one() -> None:
    """So a maintainer of Flax does not need this package."""
    own = [entry for entry in SHIPPED_LIST if entry.subject in _FLAX_ITSELF]
    assert own
    assert [_name(entry) for entry in own if not entry.reproducer] == []


@pytest.mark.parametrize("entry", _WITH_PROGRAM, ids=_name)
def test_it_stands_alone_and_is_short(entry: Deviation) -> None:
    """It opens with what it shows, does without this package, and fits a terminal."""
    lines = entry.reproducer.splitlines()
    assert lines[0].startswith("# ")
    assert "dropout_props" not in entry.reproducer
    assert len(lines) <= _LINES
    assert max(map(len, lines)) <= _COLUMNS
