"""The support matrix says what changed where, and docs/support-matrix.md is of this catalogue."""

import pickle
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dropout_props.engine.pool import Lost
from dropout_props.gate import matrix, on_cluster
from dropout_props.properties import CATALOGUE
from dropout_props.report.matrix import matrix_page
from dropout_props.results.records import PropertyResult
from dropout_props.results.verdict import Verdict

PAGE = Path(__file__).parents[3] / "docs" / "support-matrix.md"
EXACT = PropertyResult("linen.Dropout", "DP101", "eval identity", "exact", Verdict.PASS)
REQUEST = {
    "subjects": ["linen.Dropout"],
    "properties": [],
    "profile": "ci",
    "run_seed": 0,
    "budget": 1e-9,
}


def test_releases_become_a_page(make: Any) -> None:
    """Verdicts by release, changes by step, and why a release could not run."""
    failing = replace(EXACT, verdict=Verdict.FAIL, shown="it scales | in eval")
    results = {
        "1.0": make(EXACT),
        "1.1": make(failing),
        "1.2": make(results=(), collected=0, stopped="it crashed"),
    }
    judged: list[str] = []

    def run_sides(sides: list[Any]) -> list[Any]:
        judged.extend(side.label for side in sides)
        return [results[side.label.split()[1]] for side in sides]

    found = matrix.run(
        ("1.0", "1.1", "1.2"), REQUEST, run_sides=run_sides, stored={"1.0": results["1.0"]}
    )
    assert judged == ["flax 1.1", "flax 1.2"]
    page = matrix_page(found.releases, found.results, found.steps, command="dropout-props matrix")
    assert "| property | 1.2 | 1.1 | 1.0 |" in page
    assert "| DP101 eval identity |  | **F** | ✓ |" in page
    assert "### flax 1.0 → flax 1.1" in page
    assert "linen.Dropout: **regressed**: DP101 eval identity: it scales \\| in eval" in page
    assert "it crashed" in page.partition("### flax 1.1 → flax 1.2")[2]


def test_a_cluster_judges_the_releases(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored ones are left out, and a release that two processes ended with has a reason."""
    results = {release: make(EXACT) for release in ("1.0", "1.1", "1.2")}
    asked: list[Any] = []

    def run_on(address: str, work: Any) -> Any:
        def run_in(source: Any) -> None:
            while (task := source.take(0)) is not None:
                sent = pickle.loads(pickle.dumps((work, task)))  # noqa: S301 (our own)
                asked.append((address, sent))
                lost = task.release == "1.1"
                source.put(task, Lost("died", "died") if lost else results[task.release])

        return run_in

    monkeypatch.setattr("dropout_props.engine.run.same_environment.run_on", run_on)
    shown: list[str] = []
    found = matrix.run(
        ("1.0", "1.1", "1.2"),
        REQUEST,
        run_sides=lambda _: pytest.fail("this machine was used"),
        cluster="tcp://here",
        stored={"1.0": results["1.0"]},
        on_result=lambda release, _: shown.append(release),
    )
    assert shown == ["1.1", "1.2"]
    assert found.results[::2] == (results["1.0"], results["1.2"])
    assert (
        found.results[1].stopped
        == "its process died, twice: the second time alone, in a fresh process"
    )
    for address, (work, task) in asked:
        assert (address, work, task.job.request) == ("tcp://here", on_cluster.judge, REQUEST)
    monkeypatch.setattr(on_cluster, "run_one", lambda job: job.label)
    assert [work(task) for _, (work, task) in asked] == ["flax 1.1", "flax 1.2"]


def test_releases_with_the_same_verdicts_share_a_column(make: Any) -> None:
    """Neighbours alone, and the newest on the left."""
    failing = replace(EXACT, verdict=Verdict.FAIL)
    results = [make(one) for one in (EXACT, EXACT, failing, EXACT)]
    page = matrix_page(("1.0", "1.1", "1.2", "1.3"), results, (), command="dropout-props matrix")
    assert "| property | 1.3 | 1.2 | 1.0 to 1.1 |" in page
    assert "| DP101 eval identity | ✓ | **F** | ✓ |" in page


def test_the_page_that_ships_is_of_at_least_ten_releases_and_of_this_catalogue() -> None:
    """Every property on it is in the catalogue; every release was judged."""
    page = PAGE.read_text(encoding="utf-8")
    releases = re.findall(r"^\| (\d[\d.]+) \| \d", page, flags=re.MULTILINE)
    assert len(releases) >= 10
    assert {"0.8.5", "0.12.12"} <= set(releases)
    properties = set(re.findall(r"^\| (DP\d+) ", page, flags=re.MULTILINE))
    assert properties
    assert properties <= {prop.id for prop in CATALOGUE}
