"""Each reproducer shows its deviation with JAX and Flax alone, on the installed releases."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

import pytest

from dropout_props.engine.deviations import SHIPPED_LIST, Deviation
from dropout_props.environment import installed

_FLAX_ITSELF = ("linen.Dropout", "nnx.Dropout", "linen.attention", "nnx.attention")
_WITH_PROGRAM = [entry for entry in SHIPPED_LIST if entry.reproducer]
_VERSIONS = installed.probe().versions
_APPLICABLE = [entry for entry in _WITH_PROGRAM if entry.holds_on(_VERSIONS)]
_LINES, _COLUMNS = 14, 76  # of 80, less the indent of a report

Done: TypeAlias = "subprocess.CompletedProcess[str]"
Answers: TypeAlias = "dict[str, Future[Done]]"


def _name(entry: Deviation) -> str:
    return f"{entry.property_id}-{entry.subject}"


def _run(program: str, folder: Path) -> Done:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FLAX_")}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=inherited | {"JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def _last_error(stderr: str) -> str:
    """Return the line that names the exception of the last traceback."""
    _, raised, last = stderr.rpartition("Traceback (most recent call last):\n")
    lines = last.splitlines() if raised else []
    return next((line for line in lines if line and not line.startswith(" ")), "")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """Run all programs, two at a time, each in its own process."""
    folder = tmp_path_factory.mktemp("alone")
    pool = ThreadPoolExecutor(2)
    yield {_name(entry): pool.submit(_run, entry.reproducer, folder) for entry in _APPLICABLE}
    pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("entry", _APPLICABLE, ids=_name)
def test_it_ends_in_an_assertion_error(entry: Deviation, answers: Answers) -> None:
    """Where its conditions match, the assertion of the property fails, and nothing else does."""
    done = answers[_name(entry)].result()
    assert done.returncode == 1, done.stdout + done.stderr
    assert _last_error(done.stderr).startswith("AssertionError"), done.stderr


@pytest.mark.parametrize(
    ("program", "last"),
    [
        ("assert 0, 'one\\nTypeError: two'", "AssertionError: one"),
        ("try:\n    1 / 0\nexcept Exception:\n    assert 0", "AssertionError"),
        ("try:\n    assert 0\nexcept Exception:\n    1 / 0", "ZeroDivisionError: division by zero"),
        ("pass", ""),
    ],
)
def test_another_error_is_not_an_assertion(program: str, last: str, tmp_path: Path) -> None:
    """A program that crashes for another reason shows no deviation."""
    assert _last_error(_run(program, tmp_path).stderr) == last


def test_each_deviation_of_flax_itself_has_one() -> None:
    """So a maintainer of Flax does not need this package."""
    own = [entry for entry in SHIPPED_LIST if entry.subject in _FLAX_ITSELF]
    assert own
    assert [_name(entry) for entry in own if not entry.reproducer] == []


@pytest.mark.parametrize("entry", _WITH_PROGRAM, ids=_name)
def test_it_stands_alone_and_is_short(entry: Deviation) -> None:
    """It opens with what it shows, uses JAX and Flax alone, and fits a terminal."""
    lines = entry.reproducer.splitlines()
    assert lines[0].startswith("# ")
    assert "dropout_props" not in entry.reproducer
    assert len(lines) <= _LINES
    assert max(map(len, lines)) <= _COLUMNS
