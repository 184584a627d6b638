"""Fixtures of the gate's tests: small results, interpreters with their own Flax, a cache folder."""

import sys
import sysconfig
import venv
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from dropout_props.results.records import (
    Answer,
    Counts,
    ExampleResult,
    KeepCount,
    MaskDigest,
    Parameter,
    PropertyResult,
    RunResult,
    Signature,
    Snapshot,
    SubjectSnapshot,
)
from dropout_props.results.verdict import Verdict


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a cache folder of its own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("DROPOUT_PROPS_CACHE", str(folder))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return folder


@dataclass(frozen=True)
class FakeEnvironment:
    """A virtual environment whose packages a test writes."""

    python: Path
    packages: Path

    def put(
        self, name: str, version: str, source: str | None = None, *, lists: bool = True
    ) -> Path:
        """Install a package.

        Args:
            name: name of the distribution and of its module.
            version: version in its metadata.
            source: text of the module; no module is written when it is left out.
            lists: whether the metadata list the module; those of an editable install do not.

        Returns:
            The module's file.
        """
        file = self.packages / name / "__init__.py"
        if source is not None:
            file.parent.mkdir()
            file.write_text(source)
        metadata = self.packages / f"{name}-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
        (metadata / "RECORD").write_text(f"{name}/__init__.py,,\n" if lists else "")
        return file


@pytest.fixture
def bare(tmp_path: Path) -> FakeEnvironment:
    """Make an interpreter with nothing installed."""
    folder = tmp_path / "side"
    venv.create(folder, symlinks=sys.platform != "win32")
    where = {"base": str(folder), "platbase": str(folder)}
    paths = sysconfig.get_paths("nt" if sys.platform == "win32" else "posix_prefix", vars=where)
    return FakeEnvironment(
        Path(paths["scripts"]) / Path(sys.executable).name, Path(paths["purelib"])
    )


@pytest.fixture
def side(bare: FakeEnvironment) -> FakeEnvironment:
    """Make an interpreter with the packages of this one, which those of a test hide."""
    (bare.packages / "rest.pth").write_text(sysconfig.get_paths()["purelib"])
    return bare


def counted(
    successes: int, trials: int, *, discrepancy: float = 0.01, decision: str = "excluded"
) -> PropertyResult:
    """Return a passing statistical property with one case of one count, around 0.5."""
    counts = Counts(
        label="all units",
        members=1,
        successes=successes,
        trials=trials,
        lowest=0.5,
        highest=0.5,
        worst=0,
        worst_successes=successes,
        worst_trials=trials,
        interval=(0.0, 1.0),
        discrepancy=discrepancy,
        log10_evidence=-1.0,
    )
    example = ExampleResult("case", 0.5, "digest", decision, trials, 1, -1.0, (counts,))
    return PropertyResult(
        "linen.Dropout", "DP202", "keep rate", "statistical", Verdict.PASS, examples=(example,)
    )


def snapshot(**fields: Any) -> SubjectSnapshot:
    """Return the snapshot of one subject."""
    plain = SubjectSnapshot(
        subject="linen.Dropout",
        masks=(MaskDigest("one call", "aa"), MaskDigest("3 calls", "bb")),
        keeps=(KeepCount(0.5, 500_000, 1_000_000, 0.5, 0.5),),
        answers=(Answer("missing key", "InvalidRngError", "needs PRNG"),),
        signatures=(
            Signature(
                "constructor",
                (
                    Parameter("rate", "positional or keyword"),
                    Parameter("deterministic", "positional or keyword", "None"),
                ),
            ),
        ),
    )
    return replace(plain, **fields)


def result(
    *properties: PropertyResult, of: SubjectSnapshot | None = None, **fields: Any
) -> RunResult:
    """Return a complete run of these properties."""
    plain = RunResult(
        versions={"flax": "0.11.2", "jax": "0.7.1"},
        flags={"device": "cpu x 1"},
        run_seed=0,
        profile="ci",
        false_fail_rate=1e-9,
        false_pass_rate=1e-3,
        share=1e-12,
        num_properties=4,
        collected=len(properties),
        results=properties,
        snapshot=Snapshot({"flax": "0.11.2"}, (of or snapshot(),)),
    )
    return replace(plain, **fields)


@pytest.fixture
def make() -> Callable[..., RunResult]:
    """Return `result`."""
    return result


@pytest.fixture
def count() -> Callable[..., PropertyResult]:
    """Return `counted`."""
    return counted


@pytest.fixture
def snap() -> Callable[..., SubjectSnapshot]:
    """Return `snapshot`."""
    return snapshot
