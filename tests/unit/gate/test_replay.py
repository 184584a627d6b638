"""Is a failure the same again, bit for bit, and do its program and its test find it?"""

import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dropout_props.cli import main
from dropout_props.engine.snapshot import masks

LAYER = """
import jax
import jax.numpy as jnp

{name} = 1


def layer(key, x, rate, deterministic):
    if deterministic:
        return x
    keep = 1 - rate * {factor}
    return jnp.where(jax.random.bernoulli(key, keep, x.shape), x / (1 - rate), 0)


def scaled(key, x, rate, deterministic):
    return x * {scale}
"""

NOISE = """
import jax
from dropout_props import Subject


def noisy(key, x, rate, deterministic):
    return x if deterministic else x + rate * (0.2 + jax.random.normal(key, x.shape, x.dtype))


noise = Subject.function(noisy, name=__name__ + ":noise", law="noise")
"""


MODEL = """
import jax.numpy as jnp
from flax import nnx


class Always(nnx.Module):
    def __init__(self, rate, *, rngs):
        self.dropout = nnx.Dropout(rate, rngs=rngs)
        self.gate = nnx.Param(jnp.zeros(()))

    def __call__(self, x):
        return x + self.gate[...] * self.dropout(x, deterministic=False)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: Any) -> Any:
    """A layer of the user's own that can be mended; each test has a module of its own name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    # Compiled files are told apart by second and size: a mend within one second would be missed.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    name = f"layer_{tmp_path.name.replace('-', '_')}"

    def write(factor: float, scale: float = 1.0) -> str:
        text = LAYER.format(name="VERSION", factor=factor, scale=scale)
        (tmp_path / f"{name}.py").write_text(text)
        sys.modules.pop(name, None)
        return name

    return write


def run(*arguments: str) -> int:
    """Call the command line in this process; return its exit code."""
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    return int(stopped.value.code or 0)


def failure_of(text: str) -> str:
    """The id that a report printed."""
    return text.partition("dropout-props replay ")[2].split(";")[0].strip()


def test_a_counted_failure_is_the_same_bit_for_bit(module: Any, capsys: Any) -> None:
    """The id finds it in the last result; mended, it says FIXED."""
    name = module(1.2)
    arguments = (f"{name}:layer", "--property", "DP202", "--profile", "smoke")
    assert run("check", *arguments) == 1
    identity = failure_of(capsys.readouterr().out)
    assert run("replay", identity) == 1
    said = capsys.readouterr().out
    assert said.startswith(f"FAILED {name}:layer DP202")
    assert "the same, bit for bit" in said
    module(1.0)
    assert run("replay", identity) == 0
    assert capsys.readouterr().out.startswith("FIXED")


def test_a_counterexample_is_found_again(module: Any, capsys: Any, tmp_path: Path) -> None:
    """An exact failure fails on its own case; a result file can be named."""
    name = module(1.0, scale=2.0)
    place = str(tmp_path / "result.json")
    assert run("check", f"{name}:scaled", "--property", "DP101", "--json", place) == 1
    identity = failure_of(capsys.readouterr().out)
    assert run("replay", identity, "--result", place) == 1
    assert "FAILED" in capsys.readouterr().out


@pytest.mark.parametrize(("attr", "property_id"), [("layer", "DP202"), ("scaled", "DP101")])
def test_a_program_reproduces_it_without_this_package(
    module: Any, capsys: Any, tmp_path: Path, attr: str, property_id: str
) -> None:
    """The program imports jax and the layer alone, and exits with 1 while the failure is there."""
    name = module(1.2, scale=2.0)
    assert run("check", f"{name}:{attr}", "--property", property_id, "--profile", "smoke") == 1
    identity = failure_of(capsys.readouterr().out)
    assert run("replay", identity, "--script") == 0
    program = tmp_path / "program.py"
    program.write_text(capsys.readouterr().out)
    assert "dropout_props" not in program.read_text()
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 1, done.stdout + done.stderr


def test_the_test_file_fails_and_then_passes(module: Any, capsys: Any) -> None:
    """What `--pytest` writes fails as long as the failure is there."""
    name = module(1.2)
    assert run("check", f"{name}:layer", "--property", "DP202", "--profile", "smoke") == 1
    identity = failure_of(capsys.readouterr().out)
    assert run("replay", identity, "--pytest") == 0
    scope: dict[str, Any] = {}
    exec(compile(capsys.readouterr().out, "test_it.py", "exec"), scope)  # noqa: S102
    [test] = [one for key, one in scope.items() if key.startswith("test_")]
    with pytest.raises(AssertionError, match="all units"):
        test()
    module(1.0)
    test()


def test_noise_is_judged_again_with_its_traits(
    capsys: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    """A subject that is named after its place is found there; its program counts noise too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "noise_to_replay.py").write_text(NOISE)
    arguments = ("noise_to_replay:noise", "--property", "DP202", "--profile", "smoke")
    assert run("check", *arguments) == 1
    identity = failure_of(capsys.readouterr().out)
    assert run("replay", identity) == 1
    assert "the same, bit for bit" in capsys.readouterr().out
    assert run("replay", identity, "--script") == 0
    program = tmp_path / "program.py"
    program.write_text(capsys.readouterr().out)
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(program), run_name="__main__")
    assert stopped.value.code == 1
    assert "the same as those of the failure" in capsys.readouterr().out


def test_an_unknown_id_names_those_that_there_are(module: Any, capsys: Any) -> None:
    """The remedy is in the message, and nothing has run yet is said too."""
    assert run("replay", "abc") == 4
    assert "no result of a check is stored" in capsys.readouterr().err
    name = module(1.2)
    assert run("check", f"{name}:layer", "--property", "DP202", "--profile", "smoke") == 1
    identity = failure_of(capsys.readouterr().out)
    assert run("replay", "zzz") == 4
    assert f"there are {identity} ({name}:layer DP202)" in capsys.readouterr().err


def test_a_baseline_changes_by_its_own_command_alone(
    module: Any, capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`check --baseline` compares and keeps the file; `baseline --update` renews it aloud."""
    monkeypatch.setattr(masks, "NUM_BLOCKS", 1)  # no count of a snapshot is read here
    name = module(1.0)
    place = tmp_path / "baseline.json"
    arguments = ("check", f"{name}:layer", "--property", "DP202", "--profile", "smoke")
    assert run(*arguments, "--json", str(place)) == 0
    before = place.read_bytes()
    module(1.2)
    assert run(*arguments, "--baseline", str(place)) == 1
    assert "regressed" in capsys.readouterr().out
    assert place.read_bytes() == before
    assert run("baseline", str(place), "--update") == 0
    assert "regressed" in capsys.readouterr().out
    assert place.read_bytes() != before


def test_a_model_is_judged_again_as_a_model(capsys: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """What trying has found of it holds again, in the command and in the program."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "model_to_replay.py").write_text(MODEL)
    arguments = ("model_to_replay:Always", "--property", "DP802", "--profile", "smoke")
    assert run("check", *arguments) == 1
    identity = failure_of(capsys.readouterr().out)
    assert run("replay", identity) == 1
    then, now = re.findall(
        r"(?:then|now): (a key changed .*?)(?: \(shape.*)?$", _out(capsys), re.MULTILINE
    )
    assert then == now
    assert run("replay", identity, "--script") == 0
    program = tmp_path / "program.py"
    program.write_text(_out(capsys))
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(program), run_name="__main__")
    assert stopped.value.code == 1
    assert then in _out(capsys)


def _out(capsys: Any) -> str:
    return str(capsys.readouterr().out)
