"""What the tests of the gate share: small results, made by hand, and the folder of a cache."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dropout_props.results import (
    Answer,
    ClaimResult,
    Counts,
    ExampleResult,
    KeepCount,
    MaskDigest,
    Parameter,
    RunResult,
    Signature,
    Snapshot,
    SubjectSnapshot,
)
from dropout_props.verdict import Verdict


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the tests out of the user's own cache."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("DROPOUT_PROPS_CACHE", str(folder))
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return folder


def counted(successes: int, trials: int, *, discrepancy: float = 0.01) -> ClaimResult:
    """A passing statistical claim with one case of one count, around 0.5."""
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
    example = ExampleResult("case", 0.5, "digest", "excluded", trials, 1, -1.0, (counts,))
    return ClaimResult(
        "linen.Dropout", "DP202", "keep rate", "statistical", Verdict.PASS, examples=(example,)
    )


def snapshot(**fields: Any) -> SubjectSnapshot:
    """The snapshot of one subject."""
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


def result(*claims: ClaimResult, of: SubjectSnapshot | None = None, **fields: Any) -> RunResult:
    """A complete run of these claims."""
    plain = RunResult(
        versions={"flax": "0.11.2", "jax": "0.7.1"},
        flags={"device": "cpu x 1"},
        salt=0,
        profile="ci",
        false_fail_rate=1e-9,
        false_pass_rate=1e-3,
        share=1e-12,
        num_claims=4,
        collected=len(claims),
        results=claims,
        snapshot=Snapshot({"flax": "0.11.2"}, (of or snapshot(),)),
    )
    return replace(plain, **fields)


@pytest.fixture
def make() -> Callable[..., RunResult]:
    """Return `result`."""
    return result


@pytest.fixture
def count() -> Callable[..., ClaimResult]:
    """Return `counted`."""
    return counted


@pytest.fixture
def snap() -> Callable[..., SubjectSnapshot]:
    """Return `snapshot`."""
    return snapshot
