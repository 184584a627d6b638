"""Judges several releases of Flax, each in its own environment, and compares each with the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dropout_props.gate import on_cluster
from dropout_props.gate.diff import diff
from dropout_props.gate.environments import build
from dropout_props.gate.side_process import SideJob

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dropout_props.results.comparison import Comparison
    from dropout_props.results.records import RunResult

__all__ = ["Matrix", "run"]


@dataclass(frozen=True)
class Matrix:
    """The results of several releases.

    Args:
        releases: of Flax, oldest first.
        results: one for each release.
        steps: the comparison of each release with the one before: one fewer.
    """

    releases: tuple[str, ...]
    results: tuple[RunResult, ...]
    steps: tuple[Comparison, ...]


def run(
    releases: Sequence[str],
    request: dict[str, Any],
    *,
    run_sides: Callable[[list[SideJob]], list[RunResult]],
    python: str | None = None,
    timeout: float = 3600.0,
    at_once: int = 2,
    cluster: str | None = None,
    on_result: Callable[[str, RunResult], None] = lambda _release, _result: None,
    stored: dict[str, RunResult] | None = None,
) -> Matrix:
    """Judge each release and compare neighbours.

    Args:
        releases: of Flax, oldest first.
        request: as in `SideJob`.
        run_sides: runs some sides at once, as `dropout_props.cli.progress.run_sides` does.
        python: version of the interpreter; one that suits the release when left out.
        timeout: seconds for one release.
        at_once: number of environments that run at the same time.
        cluster: address of a Dask scheduler, whose workers judge the releases in place of
            `run_sides`.
        on_result: called with each release and its result, so that the caller can store it.
        stored: results to reuse, by release.

    Raises:
        CannotStart: the cluster cannot be used.
    """
    found: dict[str, RunResult] = dict(stored or {})
    missing = [release for release in releases if release not in found]

    def take(release: str, result: RunResult) -> None:
        found[release] = result
        on_result(release, result)

    if cluster is not None:
        on_cluster.run(
            missing, request, address=cluster, python=python, timeout=timeout, on_result=take
        )
        missing = []
    for start in range(0, len(missing), at_once):
        some = missing[start : start + at_once]
        jobs = [
            SideJob(f"flax {r}", _preparing(f"flax=={r}", python), request, timeout) for r in some
        ]
        for release, result in zip(some, run_sides(jobs), strict=True):
            take(release, result)
    results = tuple(found[release] for release in releases)
    pairs = zip(releases[:-1], releases[1:], results[:-1], results[1:], strict=True)
    steps = tuple(diff(a, b, labels=(f"flax {old}", f"flax {new}")) for old, new, a, b in pairs)
    return Matrix(tuple(releases), results, steps)


def _preparing(spec: str, python: str | None) -> Callable[[], Any]:
    return lambda: build(spec, python=python)
