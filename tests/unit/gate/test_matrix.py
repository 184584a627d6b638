"""The support matrix says what changed where, and docs/support-matrix.md is of this catalogue."""

import pickle
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dropout_props.engine.pool import Lost
from dropout_props.environment import releases
from dropout_props.gate import column, environments, interpreter, matrix, on_cluster
from dropout_props.gate.environments import Built
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

    columns = matrix.columns_of(("1.0", "1.1", "1.2"), ("cpu",))
    found = matrix.run(columns, REQUEST, run_sides=run_sides, stored={columns[0]: results["1.0"]})
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
                lost = str(task.column) == "1.1"
                source.put(task, Lost("died", "died") if lost else results[task.column.release])

        return run_in

    monkeypatch.setattr("dropout_props.engine.run.same_environment.run_on", run_on)
    shown: list[str] = []
    columns = matrix.columns_of(("1.0", "1.1", "1.2"), ("cpu",))
    found = matrix.run(
        columns,
        REQUEST,
        run_sides=lambda _: pytest.fail("this machine was used"),
        cluster="tcp://here",
        stored={columns[0]: results["1.0"]},
        on_result=lambda column, _: shown.append(str(column)),
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


def test_each_release_is_judged_on_each_platform(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns, files, environments and steps of a fake kind of device, and where it differs."""
    failing = replace(EXACT, verdict=Verdict.FAIL, shown="off by 2 ulp")
    devices = {"cpu": "cpu x 1", "cuda": "fake gpu x 2"}
    built: list[Any] = []

    def build(spec: str, *, python: str | None, platform: str) -> str:
        built.append((spec, python, platform))
        return platform

    def run_sides(sides: list[Any]) -> list[Any]:
        found = []
        for side in sides:
            platform = side.prepare()
            bad = (side.label, platform) == ("flax 1.1 cuda", "cuda")
            result = make(failing if bad else EXACT)
            found.append(replace(result, flags={"device": devices[platform]}))
        return found

    monkeypatch.setattr(column, "build", build)
    columns = matrix.columns_of(("1.0", "1.1"), ("cpu", "cuda"))
    found = matrix.run(columns, REQUEST, run_sides=run_sides, python="3.12")
    assert found.releases == ("1.0", "1.1", "1.0 cuda", "1.1 cuda")
    assert built == [
        (f"flax=={release}", "3.12", platform)
        for platform in ("cpu", "cuda")
        for release in ("1.0", "1.1")
    ]
    assert [one.file for one in columns[1:3]] == ["flax-1.1.json", "flax-1.0-cuda.json"]
    page = matrix_page(found.releases, found.results, found.steps, command="dropout-props matrix")
    assert "| property | 1.1 cuda | 1.0 cuda | 1.0 to 1.1 |" in page
    assert "| DP101 eval identity | **F** | ✓ | ✓ |" in page
    assert re.search(r"^\| 1.1 cuda \|.*\| fake gpu x 2 \| 1 \|", page, flags=re.MULTILINE)
    steps = re.findall(r"^### (.*)$", page, flags=re.MULTILINE)
    assert steps == [
        "flax 1.0 → flax 1.1",
        "flax 1.0 cuda → flax 1.1 cuda",
        "flax 1.0 → flax 1.0 cuda",
        "flax 1.1 → flax 1.1 cuda",
    ]
    last = page.partition("### flax 1.1 → flax 1.1 cuda")[2]
    assert "linen.Dropout: **regressed**: DP101 eval identity: off by 2 ulp" in last


def test_a_platform_has_its_packages_and_its_variable(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JAX comes with what the platform needs, in the version of that Flax's time."""
    named = releases.parse("flax==0.12.12 jax[cuda12]")
    row = releases.of_requirements(named)
    assert row is not None
    assert row.jax == "0.12.0.1"
    assert releases.of_requirements(releases.parse("flax==0.12.12 jax[cuda12]==0.9.2")) is None
    assert releases.of_requirements(releases.parse("flax==0.12.12 jax")) is None
    monkeypatch.setenv("JAX_PLATFORMS", "tpu")
    for platform, variable in (("", "tpu"), ("cuda", "cuda")):
        variables = interpreter.variables(Built(Path("python"), reused=True, platform=platform))
        assert variables["JAX_PLATFORMS"] == variable
    made: list[Any] = []

    def make(_folder: Path, **options: Any) -> None:
        made.append(options)

    monkeypatch.setattr(environments, "_make", make)
    monkeypatch.setattr(environments, "_needs", lambda: ())
    found = environments.build("flax==0.12.12", platform="cuda")
    assert (found.platform, found.reused) == ("cuda", False)
    assert found.home is not None
    assert found.home.is_relative_to(cache)
    assert made[0]["requirements"] == ["flax==0.12.12", "jax[cuda12]"]
    assert "jax==0.12.0.1" in made[0]["constraints"]


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
