"""Puts into a result, for each root cause, the program that shows it again.

Guarantee: a failure for which no program can be written keeps its paragraph and its `replay`
command; nothing else of the result changes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dropout_props.replay.find import find_failure
from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from dropout_props.results.records import PropertyResult, RunResult

__all__ = ["with_programs"]

_MOST = 250_000
"""Characters of all programs: a page stays below 600 kB. A program has 50,000 or so."""


def with_programs(run: RunResult) -> RunResult:
    """Return the run with `Failure.program` set where a failure is a root cause.

    The first programs are kept, up to 250,000 characters in all.

    Args:
        run: the result of a run; its subjects can be imported here.
    """
    left = _MOST
    results = []
    for one in run.results:
        program = _program(run, one) if left > 0 else ""
        left -= len(program)
        if program and left >= 0 and one.failure is not None:
            one = replace(one, failure=replace(one.failure, program=program))  # noqa: PLW2901
        results.append(one)
    return replace(run, results=tuple(results))


def _program(run: RunResult, one: PropertyResult) -> str:
    """Return the program of a failure; empty where there is none, or none can be written."""
    from dropout_props.replay.script import NoScript, script
    from dropout_props.subjects.errors import UnknownSubject, WiringError

    failure = one.failure
    if one.verdict is not Verdict.FAIL or one.root_id or failure is None or failure.replay is None:
        return ""
    try:
        return script(find_failure(run, failure.replay.id))
    except (NoScript, LookupError, UnknownSubject, WiringError):
        return ""
