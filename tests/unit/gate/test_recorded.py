"""The gate on a recorded program: a row a site."""

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import flax
import pytest

from dropout_props.cli import gate_command, main
from dropout_props.gate import worker
from dropout_props.gate.diff import diff, exit_code
from dropout_props.gate.recorded import compare_sites
from dropout_props.results.comparison import Change
from dropout_props.results.records import PropertyResult, RecordedSite, Snapshot
from dropout_props.results.verdict import Verdict

SITE = RecordedSite(
    program="train:steps",
    path="Model/Dropout_0",
    line="train.py:9",
    shape=(16, 64),
    declared=0.25,
    keeps=(0.75,),
    masks=8,
    keys=8,
    digest="aa",
    compared=8,
    kept=6144,
    units=8192,
)
SILENT = RecordedSite(program="train:steps", path=SITE.path, line=SITE.line, declared=0.25)
MISSED = replace(SILENT, missed=True)
HIDDEN = replace(SITE, keeps=(), kept=750_000, units=1_000_000)


@pytest.mark.parametrize(
    ("base", "candidate", "change", "reason"),
    [
        (SITE, SITE, Change.IDENTICAL, "8 masks compared bit by bit"),
        (SITE, replace(SITE, line="train.py:10"), Change.IDENTICAL, "8 masks"),
        (SITE, replace(SITE, compared=6), Change.IDENTICAL, "6 masks compared bit by bit, 2 by"),
        (SILENT, SILENT, Change.IDENTICAL, "draws nothing on both sides"),
        (SILENT, None, Change.IDENTICAL, "the base alone calls it"),
        (SITE, replace(SITE, digest="bb"), Change.REKEYED, "with the same rate 0.25"),
        (SITE, replace(SITE, keeps=(0.75000001,)), Change.IDENTICAL, "8 masks"),
        (SITE, None, Change.GONE, "no longer calls it"),
        (None, SITE, Change.NEW, "the base does not call it"),
        (SILENT, SITE, Change.NEW, "drew none on the base"),
        (SITE, SILENT, Change.INACTIVE, "draws no mask"),
        (SITE, MISSED, Change.INCONCLUSIVE, "some masks may have been missed"),
        (MISSED, SITE, Change.INCONCLUSIVE, "some masks may have been missed"),
        (MISSED, MISSED, Change.INCONCLUSIVE, "no mask was seen"),
        (replace(SITE, missed=True), None, Change.INCONCLUSIVE, "some masks may have been missed"),
        (SITE, replace(SITE, digest="bb", keeps=(0.5,)), Change.OTHER_RATE, "0.25, now with 0.5"),
        (SITE, replace(SITE, declared=0.5), Change.OTHER_RATE, "declares 0.25, now 0.5"),
        (
            SITE,
            replace(SITE, shape=(1, 64), shared=(0,)),
            Change.OTHER_SHARING,
            "a mask is (16, 64) shared along no axis, now (1, 64) shared along 0",
        ),
        (SITE, replace(SITE, keys=1), Change.OTHER_SHARING, "8 masks from 8 keys, now 8 masks"),
        (HIDDEN, replace(HIDDEN, digest="bb", kept=750_100), Change.REKEYED, "differ by at most"),
        (HIDDEN, replace(HIDDEN, digest="bb", kept=700_000), Change.OTHER_RATE, "may differ by"),
        (
            HIDDEN,
            replace(HIDDEN, digest="bb", kept=740, units=1000),
            Change.INCONCLUSIVE,
            "whose rate the program hides",
        ),
        (HIDDEN, replace(HIDDEN, digest="bb", units=0), Change.INCONCLUSIVE, "no counts"),
    ],
)
def test_each_difference_of_a_site_has_its_class(
    base: Any, candidate: Any, change: Change, reason: str
) -> None:
    """The class says what changed, and the reason says from what to what."""
    [row] = compare_sites([base] if base else [], [candidate] if candidate else [])
    assert row.change is change
    assert reason in row.detail


def test_sites_of_one_path_are_compared_in_their_order() -> None:
    """The second site of a path is not the first one."""
    second = replace(SITE, shape=(4,))
    assert {row.change for row in compare_sites([SITE, second], [SITE, second])} == {
        Change.IDENTICAL
    }
    changes = [row.change for row in compare_sites([SITE, second], [SITE])]
    assert changes == [Change.IDENTICAL, Change.GONE]


@pytest.mark.parametrize(
    ("candidate", "code"),
    [((SITE,), 0), ((replace(SITE, digest="bb"),), 0), ((SILENT,), 1), ((), 1)],
)
def test_a_changed_site_fails_and_other_bits_pass(candidate: Any, code: int, make: Any) -> None:
    """Exit code 1 for each class but identical and rekeyed; 5 where neither side has a site."""

    def of(sites: Any) -> Any:
        return make(snapshot=Snapshot({}, sites=sites))

    assert exit_code(diff(of((SITE,)), of(candidate))) == code
    assert exit_code(diff(of(()), of(()))) == 5


def test_what_a_side_did_not_see_is_noted_and_removes_no_property(make: Any) -> None:
    """A property that no longer applies to masks that were missed is inconclusive."""
    judged = PropertyResult("train:steps", "DP905", "keys", "exact", Verdict.PASS)
    other = replace(judged, verdict=Verdict.NOT_APPLICABLE)
    base = make(judged, snapshot=Snapshot({}, sites=(SITE,)))
    candidate = make(other, snapshot=Snapshot({}, sites=(MISSED,), not_seen=("a kernel",)))
    found = diff(base, candidate)
    assert {row.change for row in found.rows} == {Change.INCONCLUSIVE}
    assert "not seen on the candidate: a kernel" in found.notes
    assert exit_code(found) == 6


PROGRAM = """
import flax.linen as nn
import jax
import jax.numpy as jnp

class Model(nn.Module):
    @nn.compact
    def __call__(self, x):
        for name in ("same", "rekeyed", "more_dropped", "shared", "silent"):
            x = nn.Dropout(0.25, deterministic=False, name=name)(x)
        return x

def steps(record):
    for number in range(2):
        record.step()
        Model().apply({}, jnp.ones((8, 64)), rngs={"dropout": jax.random.key(number)})

def none():
    pass

def raises():
    raise ValueError
"""
OLD = "broadcast_shape = list(inputs.shape)\n"
NEW = """
    if self.name == "silent":
      return inputs
    if self.name == "rekeyed":
      rng = random.fold_in(rng, 1)
    if self.name == "more_dropped":
      keep_prob = 0.5
    if self.name == "shared":
      broadcast_shape[0] = 1
"""
EXPECTED = {
    "same": "identical",
    "rekeyed": "rekeyed",
    "more_dropped": "other rate",
    "shared": "other sharing",
    "silent": "no longer active",
}


@pytest.fixture
def program(tmp_path: Path, monkeypatch: Any) -> str:
    """Write a program of five dropouts where both sides find it."""
    (tmp_path / "its_training.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "its_training"


def gate(*arguments: str) -> int:
    """Call the command line in this process; return its exit code."""
    with pytest.raises(SystemExit) as stopped:
        main(["gate", *arguments])
    return int(stopped.value.code or 0)


def test_a_doctored_flax_changes_the_sites_that_it_touches(
    program: str, side: Any, tmp_path: Path, capsys: Any
) -> None:
    """Each of five sites has the class of what was done to it; the properties regress with them."""
    shutil.copytree(Path(flax.__file__).parent, side.packages / "flax")
    side.put("flax", flax.__version__)
    module = side.packages / "flax" / "linen" / "stochastic.py"
    assert OLD in module.read_text(), f"this Flax has no {OLD!r}: find another text to replace"
    module.write_text(module.read_text().replace(OLD, OLD + NEW))
    place = tmp_path / "gate.json"
    sides = ("--base-interpreter", sys.executable, "--candidate-interpreter", str(side.python))
    code = gate(*sides, "--record", f"{program}:steps", "--json", str(place))
    printed = capsys.readouterr()
    assert code == 1, printed
    rows = json.loads(place.read_text())["comparison"]["rows"]
    sites = {
        r["name"].split("/")[1].split(" ")[0]: r["change"]
        for r in rows
        if r["property_id"] == "site"
    }
    assert sites == EXPECTED
    regressed = {row["property_id"] for row in rows if row["change"] == "regressed"}
    assert regressed == {"DP901", "DP903", "DP908"}
    assert "identical         its_training:steps  site Model/same (its_training.py:" in printed.out


def test_a_program_without_dropout_says_so(
    program: str, make: Any, capsys: Any, monkeypatch: Any
) -> None:
    """Exit code 5, and where to find the usual reasons."""
    empty = make(snapshot=Snapshot({}))
    monkeypatch.setattr(gate_command, "_run", lambda _: [empty, empty])
    both = ("--base-interpreter", sys.executable, "--candidate-interpreter", sys.executable)
    assert gate(*both, "--record", f"{program}:none") == 5
    printed = capsys.readouterr()
    assert "nothing was compared" in printed.out
    assert "`dropout-props audit its_training:none` gives the usual reasons" in printed.err


@pytest.mark.parametrize(
    ("function", "event", "text"),
    [
        ("none", "complete", ""),
        ("missing", "trouble", "'its_training:missing' was not found"),
        ("raises", "trouble", "its_training:raises: the program raised"),
    ],
)
def test_a_side_says_what_became_of_its_program(
    program: str, function: str, event: str, text: str, monkeypatch: Any
) -> None:
    """A program without draws gives a complete result; one that is not there, or raises, none."""
    monkeypatch.setattr(sys, "path", [*sys.path, os.environ["PYTHONPATH"]])
    monkeypatch.delitem(sys.modules, program, raising=False)
    sent: list[tuple[str, str]] = []
    request = {
        "subjects": [],
        "properties": [],
        "record": f"{program}:{function}",
        "own": {},
        "profile": "smoke",
        "run_seed": 0,
        "budget": 1e-9,
    }
    worker._judge(request, lambda event, text="", **_: sent.append((event, text)))
    assert sent[-1][0] == event
    assert text in sent[-1][1]


def test_a_name_that_is_written_wrongly_is_refused_at_the_door(capsys: Any) -> None:
    """Exit code 4 before anything is built."""
    sides = ("--base", "flax==0.12.0", "--candidate", "flax==0.12.1")
    assert gate(*sides, "--record", "train.py") == 4
    assert "'train.py': write package.module:function" in capsys.readouterr().err
