"""Does a printed program count what the property counted, to the last unit?"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dropout_props.cli import main

LAYERS = """
import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import nnx


def _drop(key, x, rate):
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def first_kept(key, x, rate, deterministic):
    if deterministic:
        return x
    return _drop(key, x, rate).reshape(-1).at[0].set(x.reshape(-1)[0] / (1 - rate)).reshape(x.shape)


def twins(key, x, rate, deterministic):
    if deterministic:
        return x
    kept = jax.random.bernoulli(key, 1 - rate, (x.size // 2 + 1,))
    return jnp.where(jnp.repeat(kept, 2)[: x.size].reshape(x.shape), x / (1 - rate), 0)


def stuck(key, x, rate, deterministic):
    return x if deterministic else _drop(jax.random.key(7), x, rate)


class Stuck(nn.Module):
    rate: float

    @nn.compact
    def __call__(self, x, deterministic):
        if deterministic:
            return x
        self.make_rng("dropout")
        return _drop(jax.random.key(7), x, self.rate)


class Held(nnx.Module):
    def __init__(self, rate, rngs=None):
        self.rate = rate
        self.key = None if rngs is None else rngs.dropout()

    def __call__(self, x, deterministic):
        return x if deterministic else _drop(self.key, x, self.rate)
"""


def stand_alone(folder: Path, subject: str, property_id: str, capsys: Any) -> tuple[int, str, str]:
    """Let a property fail, print its program, run it: exit code, the program, what it printed."""
    asked = ["check", f"layers_to_count:{subject}", "--property", property_id, "--profile", "smoke"]
    with pytest.raises(SystemExit) as stopped:
        main(asked)
    said = capsys.readouterr().out
    assert stopped.value.code == 1, said
    identity = said.partition("dropout-props replay ")[2].split(";")[0].strip()
    with pytest.raises(SystemExit):
        main(["replay", identity, "--script"])
    program = capsys.readouterr().out
    (folder / "program.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "program.py"], capture_output=True, text=True, check=False, cwd=folder
    )
    return done.returncode, program, done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: Any) -> Path:
    """A folder with layers, each with one fault."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("layers_to_count", None)
    (tmp_path / "layers_to_count.py").write_text(LAYERS)
    return tmp_path


@pytest.mark.parametrize(
    ("subject", "property_id", "what"),
    [
        ("first_kept", "DP203", "unit 0 kept"),
        ("first_kept", "DP204", "unit 0 kept"),
        ("twins", "DP301", "1 apart"),
        ("stuck", "DP402", "units of two masks that agree"),
        ("Stuck", "DP403", "units of two calls that agree, unit by unit"),
        ("Held", "DP403", "units of two calls that agree, unit by unit"),
        ("Stuck", "DP404", "units of two layers that agree"),
    ],
)
def test_the_program_counts_what_the_property_counted(
    folder: Path, capsys: Any, subject: str, property_id: str, what: str
) -> None:
    """The same successes of the same trials, and exit code 1."""
    code, program, printed = stand_alone(folder, subject, property_id, capsys)
    assert "the same" in printed, printed
    assert code == 1
    assert what in printed
    assert "dropout_props" not in program


def test_a_program_that_shows_less_says_so(folder: Path, capsys: Any) -> None:
    """Of another property the head says that the keep rate alone is shown; it runs all the same."""
    code, program, printed = stand_alone(folder, "twins", "DP303", capsys)
    assert code == 0, printed
    head = " ".join(program.split('"""')[1].split())
    assert "the statistic of DP303" in head
    assert "shows the keep rate alone" in head
    assert printed.startswith("keep rate: ")
