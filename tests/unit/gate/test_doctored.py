"""The gate fails on a copy of Flax with one fault, and names the property that it violates."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import flax
import pytest

import dropout_props

LINEN = "linen/stochastic.py"
NNX = "nnx/nn/stochastic.py"
# name -> file, text, its faulty replacement, subject, properties to judge, rows that must fail
FAULTS: dict[str, tuple[str, str, str, str, tuple[str, ...], dict[str, str]]] = {
    "the rate is taken for the keep rate": (
        LINEN,
        "keep_prob = 1.0 - self.rate",
        "keep_prob = self.rate",
        "linen.Dropout",
        ("DP201",),
        {"DP201": "regressed"},
    ),
    "the scale is dropped": (
        LINEN,
        "inputs / keep_prob",
        "inputs",
        "linen.Dropout",
        ("DP201",),
        {"DP201": "regressed"},
    ),
    "a missing key falls back": (
        "core/scope.py",
        "raise errors.InvalidRngError(f'{self.name} needs PRNG for \"{name}\"')",
        "return random.key(0)",
        "linen.Dropout",
        ("DP104",),
        {"DP104": "regressed", "answers": "contract changed"},
    ),
    "the stream is not advanced": (
        "nnx/rnglib.py",
        "self.count[...] += 1",
        "pass",
        "nnx.Dropout",
        ("DP101",),
        {"answers": "contract changed"},
    ),
    "a default is changed": (
        NNX,
        "deterministic: bool | None = False",
        "deterministic: bool | None = True",
        "nnx.Dropout",
        ("DP101",),
        {"signature": "contract changed"},
    ),
    "the gradient is not scaled": (
        LINEN,
        "inputs / keep_prob",
        "inputs + lax.stop_gradient(inputs / keep_prob - inputs)",
        "linen.Dropout",
        ("DP101",),
        {"answers": "contract changed"},
    ),
}


def doctored(folder: Path, faults: tuple[str, ...]) -> Path:
    """Copy Flax into a folder, and replace one text in one file for each fault."""
    copy = folder / "flax"
    shutil.copytree(Path(flax.__file__).parent, copy)  # compiled files too, for speed
    for file, old, new in (FAULTS[fault][:3] for fault in faults):
        path = copy / file
        text = path.read_text()
        assert old in text, f"this Flax has no {old!r} in {file}: find another text to replace"
        path.write_text(text.replace(old, new))
    return folder


def check(
    subject: str, properties: tuple[str, ...], path: Path, *, first: Path | None = None
) -> int:
    """Run `dropout-props check` with another folder first on the path; return its exit code."""
    options = [part for property_id in properties for part in ("--property", property_id)]
    root = Path(dropout_props.__file__).parents[1]
    folders = [str(one) for one in (first, root) if one]
    program = [sys.executable, "-m", "dropout_props", "check", subject, "--profile", "smoke"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
    done = subprocess.run(
        [*program, *options, "--json", str(path)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert path.exists(), done.stderr
    return done.returncode


@pytest.fixture(scope="module")
def sound(tmp_path_factory: Any) -> Callable[[str], Path]:
    """Judge a layer of the installed Flax once, and return the result file."""

    @cache
    def judged(subject: str) -> Path:
        path: Path = tmp_path_factory.mktemp("sound") / "sound.json"
        assert check(subject, ("DP101", "DP104", "DP201"), path) == 0
        return path

    return judged


TOGETHER = ("the scale is dropped", "a missing key falls back")


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(TOGETHER, id="two faults"),
        *(pytest.param((name,), id=name, marks=pytest.mark.history) for name in FAULTS),
    ],
)
def test_a_doctored_flax_fails_and_the_property_is_named(
    faults: tuple[str, ...], sound: Callable[[str], Path], tmp_path: Path, capsys: Any
) -> None:
    """Exit code 1, and the row of the property of each fault says regressed or contract changed."""
    from dropout_props.cli import main

    [subject] = {FAULTS[fault][3] for fault in faults}
    properties = tuple(one for fault in faults for one in FAULTS[fault][4])
    expected = {name: change for fault in faults for name, change in FAULTS[fault][5].items()}
    copy = doctored(tmp_path, faults)
    check(subject, properties, tmp_path / "candidate.json", first=copy)
    place = tmp_path / "comparison.json"
    base = reduced(sound(subject), subject, properties, tmp_path / "base.json")
    with pytest.raises(SystemExit) as stopped:
        main(["diff", str(base), str(tmp_path / "candidate.json"), "--json", str(place)])
    assert stopped.value.code == 1, capsys.readouterr().out
    rows = json.loads(place.read_text())["comparison"]["rows"]
    changes = {row["property_id"]: row["change"] for row in rows}
    assert {property_id: changes.get(property_id) for property_id in expected} == expected


def reduced(path: Path, subject: str, properties: tuple[str, ...], to: Path) -> Path:
    """Drop the pairs that the candidate does not judge, which would count as removed."""
    document = json.loads(path.read_text())
    run = document["run"]
    run["results"] = [
        one
        for one in run["results"]
        if one["property_id"] in properties and one["subject"] == subject
    ]
    snapshot = run["snapshot"]
    snapshot["subjects"] = [one for one in snapshot["subjects"] if one["subject"] == subject]
    run["collected"] = len(run["results"])
    to.write_text(json.dumps(document))
    return to
