"""Judges subjects of several frameworks in the running environment, to show them side by side.

Each has a process of its own, so that a framework that cannot be loaded, or crashes, costs its own
column alone.
Guarantee: the results make one run: one profile, run seed and budget, the same versions. The share
of a subject does not depend on how many there are, so that run keeps its error budget.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dropout_props.gate.environments import Built
from dropout_props.gate.side_process import SideJob

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dropout_props.results.records import RunResult

__all__ = ["OtherRun", "file_of", "judge", "together"]


class OtherRun(ValueError):
    """Two results are not of one run; the text says what differs, and what to do."""


def file_of(subject: str) -> str:
    """Return the name of the file that holds the result of a subject."""
    return f"subject-{subject.replace(':', '-')}.json"


def judge(
    subjects: Sequence[str],
    request: dict[str, Any],
    *,
    run_sides: Callable[[list[SideJob]], list[RunResult]],
    timeout: float = 3600.0,
    at_once: int = 2,
    on_result: Callable[[str, RunResult], None] = lambda _subject, _result: None,
    stored: dict[str, RunResult] | None = None,
) -> dict[str, RunResult]:
    """Judge each subject with the running interpreter.

    Args:
        subjects: names or paths of subjects.
        request: as in `SideJob`, without `subjects`.
        run_sides: runs some sides at once, as `dropout_props.cli.progress.run_sides` does.
        timeout: seconds for one subject.
        at_once: number of processes at the same time.
        on_result: called with each subject and its result, so that the caller can store it.
        stored: results to reuse, by subject.

    Returns:
        The result of each subject, in their order.
    """
    found = dict(stored or {})
    missing = [one for one in subjects if one not in found]
    here = Built(Path(sys.executable), reused=True)
    for start in range(0, len(missing), at_once):
        some = missing[start : start + at_once]
        jobs = [SideJob(one, lambda: here, {**request, "subjects": [one]}, timeout) for one in some]
        for subject, result in zip(some, run_sides(jobs), strict=True):
            found[subject] = result
            on_result(subject, result)
    return {one: found[one] for one in subjects}


def together(results: dict[str, RunResult]) -> RunResult:
    """Return the results of several subjects as one run.

    Args:
        results: by subject, as `judge` returns them; one at least.

    Raises:
        OtherRun: two have another profile, run seed, budget or version.
    """
    able = {subject: one for subject, one in results.items() if one.versions}
    first_name, first = next(iter((able or results).items()))
    versions: dict[str, str] = {}
    for subject, one in results.items():
        _require_same(first_name, first, subject, one)
        versions |= one.versions
    stopped = [f"{name}: {one.stopped}" for name, one in results.items() if one.stopped]
    return replace(
        first,
        versions=versions,
        collected=sum(one.collected for one in results.values()),
        results=tuple(row for one in results.values() for row in one.results),
        notes=tuple(dict.fromkeys(note for one in results.values() for note in one.notes)),
        seconds=sum(one.seconds for one in results.values()),
        stopped="; ".join(stopped),
        snapshot=None,
    )


def _require_same(first_name: str, first: RunResult, name: str, one: RunResult) -> None:
    pairs = [
        ("profile", first.profile, one.profile),
        ("run seed", first.run_seed, one.run_seed),
        ("budget", first.false_fail_rate, one.false_fail_rate),
        *(
            (package, version, one.versions[package])
            for package, version in first.versions.items()
            if package in one.versions  # that of another framework is in its own result alone
        ),
    ]
    for what, expected, found in pairs:
        if expected != found:
            raise OtherRun(
                f"{name} was judged with {what} {found}, and {first_name} with {expected}: remove "
                f"{file_of(name)} or {file_of(first_name)} from the folder of --results, or name "
                "another folder."
            )
