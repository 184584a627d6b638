"""Judges several releases of Flax, each in its own environment, and compares each with the last.

With several platforms each release is judged on each, and compared with itself on the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from dropout_props.gate import on_cluster
from dropout_props.gate.column import Column
from dropout_props.gate.diff import diff

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dropout_props.gate.side_process import SideJob
    from dropout_props.results.comparison import Comparison
    from dropout_props.results.records import RunResult

__all__ = ["Column", "Matrix", "columns_of", "run"]


@dataclass(frozen=True)
class Matrix:
    """The results of several releases.

    Args:
        columns: releases on platforms; those of one platform are neighbours, oldest first.
        results: one for each column.
        steps: the comparison of each release with the one before, by platform; then that of each
            release with itself on the platform before.
    """

    columns: tuple[Column, ...]
    results: tuple[RunResult, ...]
    steps: tuple[Comparison, ...]

    @property
    def releases(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(map(str, self.columns))


def columns_of(releases: Sequence[str], platforms: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns of each platform."""
    return tuple(Column(release, platform) for platform in platforms for release in releases)


def run(
    columns: Sequence[Column],
    request: dict[str, Any],
    *,
    run_sides: Callable[[list[SideJob]], list[RunResult]],
    python: str | None = None,
    timeout: float = 3600.0,
    at_once: int = 2,
    cluster: str | None = None,
    on_result: Callable[[Column, RunResult], None] = lambda _column, _result: None,
    stored: dict[Column, RunResult] | None = None,
) -> Matrix:
    """Judge each release and compare neighbours.

    Args:
        columns: as `columns_of` returns them.
        request: as in `SideJob`.
        run_sides: runs some sides at once, as `dropout_props.cli.progress.run_sides` does.
        python: version of the interpreter; one that suits the release when left out.
        timeout: seconds for one release.
        at_once: number of environments that run at the same time.
        cluster: address of a Dask scheduler, whose workers judge the releases in place of
            `run_sides`.
        on_result: called with each column and its result, so that the caller can store it.
        stored: results to reuse, by column.

    Raises:
        CannotStart: the cluster cannot be used.
    """
    found: dict[Column, RunResult] = dict(stored or {})
    missing = [column for column in columns if column not in found]

    def take(column: Column, result: RunResult) -> None:
        found[column] = result
        on_result(column, result)

    if cluster is not None:
        on_cluster.run(
            missing, request, address=cluster, python=python, timeout=timeout, on_result=take
        )
        missing = []
    for start in range(0, len(missing), at_once):
        some = missing[start : start + at_once]
        jobs = [column.job(request, python=python, timeout=timeout) for column in some]
        for column, result in zip(some, run_sides(jobs), strict=True):
            take(column, result)
    steps = tuple(
        diff(found[old], found[new], labels=(f"flax {old}", f"flax {new}"))
        for old, new in _neighbours(columns)
    )
    return Matrix(tuple(columns), tuple(found[column] for column in columns), steps)


def _neighbours(columns: Sequence[Column]) -> list[tuple[Column, Column]]:
    """Return the columns that are compared: releases of one platform, then platforms of one."""
    found = [(old, new) for old, new in pairwise(columns) if old.platform == new.platform]
    for release in dict.fromkeys(column.release for column in columns):
        same = [column for column in columns if column.release == release]
        found += pairwise(same)
    return found
