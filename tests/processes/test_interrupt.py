"""An interrupted run writes its results so far, marked incomplete, and never passes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "how", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.nightly)]
)
def test_an_interrupted_run_leaves_a_readable_result(tmp_path: Path, how: signal.Signals) -> None:
    """Exit 2, a whole file, ``complete`` false, and no temporary file beside it."""
    command = [sys.executable, "-m", "dropout_props", "check", "--json", "r.json"]
    with subprocess.Popen(
        [*command, "--profile", "nightly"],
        cwd=tmp_path,
        env=os.environ | {"COLUMNS": "200", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("budget:"):  # the last line of the header: the run begins
                break
        time.sleep(1)  # into the run, wherever that is
        process.send_signal(how)
        try:
            printed, _ = process.communicate(timeout=90)
        finally:
            process.kill()  # a run that does not stop must not stop the tests
    assert process.returncode == 2
    assert "not judged (incomplete)" in printed
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["complete"] is False
    assert len(document["run"]["results"]) < document["run"]["collected"]
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


_HANGING = """
import os, time
from pathlib import Path
from dropout_props import Subject

def sleeps(key, x, rate, deterministic):
    if not deterministic:
        Path(f"{os.getpid()}.hangs").touch()
        time.sleep(1000)
    return x

hangs = Subject.function(sleeps, name="hangs", takes="all")  # no try calls it in training
"""


@pytest.mark.parametrize(
    "how", [pytest.param(signal.SIGINT, marks=pytest.mark.nightly), signal.SIGTERM]
)
def test_an_interrupted_run_of_workers_writes_its_results(
    tmp_path: Path, how: signal.Signals
) -> None:
    """The verdict so far is printed and written; no worker is left."""
    (tmp_path / "hanging.py").write_text(_HANGING)
    command = [sys.executable, "-m", "dropout_props", "check", "hanging:hangs", "-n", "2"]
    properties = [part for one in ("DP101", "DP201", "DP401") for part in ("--property", one)]
    with subprocess.Popen(
        [*command, *properties, "--profile", "smoke", "--json", "r.json"],
        cwd=tmp_path,
        env=os.environ | {"COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            # Both workers hang, so the third pair, which does not hang, has its verdict.
            while process.poll() is None and len(list(tmp_path.glob("*.hangs"))) < 2:
                time.sleep(0.1)
            process.send_signal(how)
            printed, _ = process.communicate(timeout=90)
        finally:
            process.kill()
    assert process.returncode == 2
    assert "1 pass, 2 not judged (incomplete)" in printed
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["complete"] is False
    assert [(r["property_id"], r["verdict"]) for r in document["run"]["results"]] == [
        ("DP101", "pass")
    ]
    for place in tmp_path.glob("*.hangs"):
        with pytest.raises(ProcessLookupError):
            os.kill(int(place.stem), 0)
