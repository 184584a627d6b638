"""A check on a Dask cluster of which a worker is killed has the results of a check without one."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import replace
from typing import Any

import pytest

from dropout_props.cli.progress import run_sides
from dropout_props.engine import Settings
from dropout_props.engine.run import run
from dropout_props.gate import matrix
from dropout_props.layers import registry
from dropout_props.properties import find
from dropout_props.results.records import PropertyResult, RunResult
from dropout_props.selftest import kill_matrix
from dropout_props.selftest.kills import Kill
from dropout_props.selftest.mutants import MUTANTS

_PROPERTIES = ("DP101", "DP102", "DP104", "DP201", "DP202", "DP401", "DP402", "DP501", "DP505")
_SUBJECTS = ("linen.Dropout", "nnx.Dropout")
_MUTANTS = 24
_OWN_NUMBERS = ("host_random",)  # no two processes see the same of it
_RELEASES = ("0.10.4", "0.12.0", "0.12.12")


@pytest.fixture(scope="module")
def cluster() -> Any:
    """Return a cluster of two worker processes."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster


def _plain(result: RunResult) -> list[PropertyResult]:
    """Return the results without what they cost."""
    blank = {"seconds": 0.0, "compile_seconds": 0.0, "compilations": 0}
    return [replace(one, **blank) for one in result.results]  # type: ignore[arg-type]


def test_a_killed_worker_changes_no_result(cluster: Any) -> None:
    """A worker is killed after four pairs; all results are there, and equal to the bit."""
    subjects = registry.load_all(_SUBJECTS)
    chosen = [find(one) for one in _PROPERTIES]
    settings = Settings.of(profile="smoke")
    alone = run(subjects, chosen, settings)
    seen: list[str] = []

    def kill(result: PropertyResult) -> None:
        seen.append(result.property_id)
        if len(seen) == 4:
            os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)

    spread = run(subjects, chosen, settings, cluster=cluster.scheduler_address, on_result=kill)
    assert len(seen) == len(_PROPERTIES) * len(_SUBJECTS)
    assert _plain(spread) == _plain(alone)


def test_mutants_are_killed_as_without_a_cluster(cluster: Any) -> None:
    """24 mutants from the whole list, two run seeds: verdicts, counts and texts of this process."""
    step = len(MUTANTS) // _MUTANTS
    tasks = kill_matrix.tasks(
        profile="smoke",
        run_seeds=range(2),
        mutants=[one.name for one in MUTANTS[::step][:_MUTANTS]],
    )
    assert len({task.mutant for task in tasks}) == _MUTANTS
    one = kill_matrix.run(tasks, whole=False)
    two = kill_matrix.run(tasks, whole=False, cluster=cluster.scheduler_address)
    assert {kill.run_seed for kill in one.kills} == {0, 1}
    assert [_comparable(kill) for kill in two.kills] == [_comparable(kill) for kill in one.kills]


def _comparable(kill: Kill) -> Kill:
    """Return the kill without its time, and without the numbers that a mutant draws outside JAX."""
    shown = "" if kill.mutant in _OWN_NUMBERS else kill.shown
    return replace(kill, seconds=0.0, shown=shown)


@pytest.mark.skipif(shutil.which("uv") is None, reason="uv makes the environments")
def test_releases_are_judged_as_without_a_cluster(cluster: Any) -> None:
    """Three releases, in environments that the workers make: results, bits and steps are equal."""
    request = {
        "subjects": list(_SUBJECTS),
        "properties": ["DP101", "DP201", "DP202", "DP401"],
        "profile": "smoke",
        "run_seed": 0,
        "budget": 1e-9,
        "known": None,
    }
    columns = matrix.columns_of(_RELEASES, ("cpu",))
    one = matrix.run(columns, request, run_sides=run_sides)
    two = matrix.run(columns, request, run_sides=run_sides, cluster=cluster.scheduler_address)
    for alone, spread in zip(one.results, two.results, strict=True):
        assert len(alone.results) == 8
        assert not alone.stopped
        assert _plain(spread) == _plain(alone)
        assert spread.snapshot == alone.snapshot
        assert (spread.versions, spread.flags) == (alone.versions, alone.flags)
    assert [[(row.property_id, row.change) for row in step.rows] for step in two.steps] == [
        [(row.property_id, row.change) for row in step.rows] for step in one.steps
    ]
