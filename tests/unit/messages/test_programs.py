"""The program that a command runs: found, run to its end, or refused with a reason."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from flax import linen as nn

from dropout_props.auditing.sites_map import traced
from dropout_props.cli.main import main
from dropout_props.environment.program import NoProgram, ProgramRaised, call, find
from dropout_props.layers.registry import load_all
from dropout_props.subjects.errors import UnknownSubject

PROGRAM = """
import sys

import jax
import jax.numpy as jnp
from flax import linen as nn

def steps(record):
    for number in range(2):
        record.step()
        nn.Dropout(0.25, deterministic=False).apply(
            {}, jnp.ones((8, 8)), rngs={"dropout": jax.random.key(number)}
        )
    return "a text"

def main(record):
    steps(record)
    record.evaluate(lambda: jnp.ones(3))
    sys.exit()

def wrong(record):
    for number in range(2):
        nn.Dropout(0.25, deterministic=False).apply(
            {}, jnp.ones((8, 8)), rngs={"dropout": jax.random.key(0)}
        )
    sys.exit(0)
"""


def printed(capsys: Any, *arguments: str) -> tuple[int, str]:
    """Call the command line; return its exit code and what it printed."""
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    shown = capsys.readouterr()
    return int(stopped.value.code or 0), shown.out + shown.err


def test_a_program_that_ends_by_sys_exit_is_judged(
    tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    """A script's main() may exit with 0; `sites` runs what `audit` runs, whatever it returns."""
    (tmp_path / "script_of_mine.py").write_text(PROGRAM)
    monkeypatch.syspath_prepend(str(tmp_path))
    code, text = printed(capsys, "audit", "script_of_mine:main")
    assert (code, "2 masks at 1 site in 2 steps" in text) == (0, True), text
    code, text = printed(capsys, "audit", "script_of_mine:wrong")
    assert (code, "FAIL DP905" in text) == (1, True), text
    for program in ("steps", "main"):
        code, text = printed(capsys, "sites", f"script_of_mine:{program}")
        assert (code, "active" in text) == (0, True), text


def exits() -> None:
    """End as a script that failed."""
    raise SystemExit("no data")


def generates() -> Any:
    """Do nothing until somebody iterates."""
    yield 1


async def awaits() -> None:
    """Do nothing until somebody awaits."""


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (exits, r"called sys.exit\('no data'\), and there is no result"),
        (generates, "returned a generator, so that nothing of it has run"),
        (awaits, "returned a coroutine, so that nothing of it has run"),
    ],
)
def test_a_program_that_did_not_run_to_its_end_has_no_result(function: Any, text: str) -> None:
    """It is refused with what it did; nothing is judged."""
    with pytest.raises(ProgramRaised, match=text):
        call(function, None)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("raise KeyError('DATA_DIR')", "importing own_module_0 raised:\n.*KeyError: 'DATA_DIR'"),
        ("def f(:", "importing own_module_1 raised:\n.*SyntaxError"),
        ("import sys; sys.exit(2)", r"importing own_module_2 called sys.exit\(2\). Guard"),
    ],
)
def test_a_module_that_cannot_be_imported_is_named(
    source: str, text: str, tmp_path: Path, monkeypatch: Any
) -> None:
    """The message says what importing it did."""
    name = text.split()[1]
    (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(NoProgram, match=f"(?s)'{name}:steps' was not found: {text}"):
        find(f"{name}:steps")


def test_a_module_of_a_layer_that_exits_is_named(tmp_path: Path, monkeypatch: Any) -> None:
    """A layer in a script without a guard is refused in a sentence, as an error is."""
    (tmp_path / "script_of_layers.py").write_text("raise SystemExit(0)")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UnknownSubject, match="'script_of_layers' cannot be imported: SystemExit"):
        load_all(["script_of_layers:Layer"])


def test_a_traced_program_may_return_anything() -> None:
    """`sites` looks at draws, and not at what comes back."""

    def program() -> object:
        nn.Dropout(0.25, deterministic=False).apply(
            {}, jnp.ones((8, 8)), rngs={"dropout": jax.random.key(0)}
        )
        return object()

    assert len(traced(program)) == 2
