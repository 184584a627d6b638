"""Bad input is refused with its exit code and one paragraph: the value, the rule and the remedy."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest

from dropout_props.cli import errors, main
from dropout_props.environment import installed
from dropout_props.environment.errors import BrokenPair
from dropout_props.results import files

_LAYERS = """
import flax.linen as nn, jax, jax.numpy as jnp

class MyDropout(nn.Module):
    rate: float
    @nn.compact
    def __call__(self, x, deterministic):
        if deterministic or self.rate == 0.0:
            return x
        if self.rate == 1.0:
            return jnp.zeros_like(x)
        kept = jax.random.bernoulli(self.make_rng("dropout"), 1 - self.rate, x.shape)
        return jnp.where(kept, x / (1 - self.rate), 0)

def raising(key, x, rate, deterministic):
    raise RuntimeError("out of coffee")

def square(key, x, rate, deterministic):
    return jnp.zeros((3, 3))
"""


class _Done(NamedTuple):
    """What the command line printed, and the code that it exited with."""

    returncode: int
    stdout: str
    stderr: str


Run: TypeAlias = Callable[..., _Done]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process, in a folder with some layers, 200 columns wide."""
    (tmp_path / "mylayers.py").write_text(_LAYERS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "mylayers", raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> _Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main(list(arguments))
        assert not isinstance(stopped.value.code, str)
        return _Done(stopped.value.code or 0, *capsys.readouterr())

    return run


def test_a_process_exits_with_the_code_and_prints_no_traceback(tmp_path: Path) -> None:
    """`python -m dropout_props` does as `main` does, which the tests below call."""
    done = subprocess.run(
        [sys.executable, "-m", "dropout_props", "check", "nosuch.module:Layer"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert "'nosuch.module' cannot be imported" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "sentences"),
    [
        (["check", "linen.Dropuot"], 4, ["No subject is called 'linen.Dropuot'.", "linen.Dropout"]),
        (["check", "nosuch.module:Layer"], 4, ["'nosuch.module' cannot be imported"]),
        (["check", "--property", "DP999"], 4, ["unknown property 'DP999'", "dropout-props list"]),
        (
            ["check", "--property", "DP804"],
            4,
            ["a nightly test decides it by training models", "docs/generalisation.md"],
        ),
        (["check", "--select", "DP1,DP2O2"], 4, ["unknown property 'DP2O2': the closest are DP20"]),
        (
            ["check", "--ignore", "DX"],
            4,
            ["ignore='DX': no property has an id that begins so"],
        ),
        (["check", "--level", "ful"], 4, ["'ful' is not one of 'core', 'full', 'framework'"]),
        (["explain", "DP804"], 4, ["docs/generalisation.md"]),
        (["explain", "XY"], 4, ["unknown property 'XY'"]),
        (["check", "--seed", "pepper"], 4, ["--seed 'pepper' is not a number: give an integer"]),
        (["check", "--profile", "hourly"], 4, ["'hourly' is not one of"]),
        (["check", "--budget", "2"], 4, ["'--budget'", "0.0<x<1.0"]),
        (["check", "--json", "missing/r.json"], 4, ["missing/r.json: cannot be written"]),
        (["check", "--known", "missing.toml"], 4, ["missing.toml: cannot be read as TOML"]),
        (["chekc"], 4, ["No such command 'chekc'"]),
        (
            ["check", "mylayers:raising", "--property", "DP201", "--profile", "smoke"],
            1,
            ["ERROR mylayers:raising DP201", "raised RuntimeError: out of coffee"],
        ),
        (
            ["check", "mylayers:square", "--property", "DP201", "--profile", "smoke"],
            1,
            ["returned float32[3, 3], where float32[128] was expected"],
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, list) else None,
)
def test_bad_input(
    tmp_path: Path, run: Run, arguments: list[str], code: int, sentences: list[str]
) -> None:
    """No traceback, the sentences, the exit code, and no result file."""
    done = run(*arguments)
    printed = " ".join((done.stdout + done.stderr).split())  # long sentences wrap
    assert "Traceback" not in printed
    for sentence in sentences:
        assert sentence in printed
    assert done.returncode == code
    assert not list(tmp_path.glob("*.json"))


def test_a_pair_of_flax_and_jax_that_works_is_tried_once(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken pair exits with 3 each time; a process that has tried a working one goes on."""
    tried: list[str] = []

    def broken() -> None:
        tried.append("broken")
        raise BrokenPair("Flax 1 does not work with JAX 2.")

    errors._run_pair.cache_clear()
    monkeypatch.setattr(installed, "smoke_test", broken)
    for _ in range(2):
        done = run("check", "d2l.dropout_layer", "--property", "DP101", "--profile", "smoke")
        assert (done.returncode, done.stdout) == (3, "")
        assert "Flax 1 does not work with JAX 2." in done.stderr
    monkeypatch.setattr(installed, "smoke_test", lambda: tried.append("works"))
    for _ in range(2):
        errors.require_working_pair()
    errors._run_pair.cache_clear()
    assert tried == ["broken", "broken", "works"]


def test_a_user_layer_is_checked_in_one_line(tmp_path: Path, run: Run) -> None:
    """A correct layer passes, exit 0, and the result file is complete."""
    done = run(
        "check", "mylayers:MyDropout", "--profile", "smoke", "--property", "DP201",
        "--property", "DP202", "--json", "r.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 pass" in done.stdout
    written = json.loads((tmp_path / "r.json").read_text())
    assert written["complete"] is True
    assert [one["verdict"] for one in written["run"]["results"]] == ["pass", "pass"]


def test_a_failure_exits_with_one_and_says_how_to_reproduce(run: Run) -> None:
    """Without the list of known deviations d2l's layer fails: its mask repeats."""
    done = run("check", "d2l.dropout_layer", "--property", "DP104", "--known", "none")
    assert done.returncode == 1
    reproduce = "dropout-props check d2l.dropout_layer --property DP104"
    for part in ("stated: ", "seen: ", "repeats its mask", "decided by: ", "it means: ",
                 "reproduce: dropout-props replay", reproduce):  # fmt: skip
        assert part in " ".join(done.stdout.split()) + " "


def test_list_and_explain_cover_every_property(run: Run) -> None:
    """`list --json` holds the catalogue; `explain` says what a property must kill."""
    rows = json.loads(run("list", "--json").stdout)
    kinds = {row["id"]: row["kind"] for row in rows}
    assert (kinds["DP201"], kinds["DP203"]) == ("exact", "statistical")
    subjects = json.loads(run("list", "--subjects", "--json").stdout)
    assert {"linen.Dropout", "examples.DropPath"} <= {row["subject"] for row in subjects}
    explained = run("explain", "dp203").stdout
    assert explained.startswith("DP203: mean output equals the input")
    for heading in ("States:", "Formula:", "Assumes:", "Must kill:", "A pass in ci excludes:"):
        assert heading in explained


def test_a_selection_of_nothing_exits_with_five(run: Run) -> None:
    """Nothing is judged, and the run says so."""
    done = run("check", "linen.Dropout", "--select", "DP101", "--ignore", "DP1,DP101")
    assert done.returncode == 5, done.stdout + done.stderr
    assert "nothing judged" in done.stdout


def test_a_layer_of_ones_own_is_judged_at_core(tmp_path: Path, run: Run) -> None:
    """A prefix selects within the level; `--level full` adds to it."""
    for options, expected in (([], []), (["--level", "full"], ["DP112"])):
        place = tmp_path / "r.json"
        arguments = ["mylayers:MyDropout", "--select", "DP11,DP101", "--profile", "smoke"]
        run("check", *arguments, *options, "--json", "r.json")
        judged = [one.property_id for one in files.read(place).results]
        assert judged == ["DP101", *(["DP111"] if expected else []), *expected]
