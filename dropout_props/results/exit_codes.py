"""The exit codes of the command line, which scripts and CI rely on: docs/exit-codes.md."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dropout_props.results.records import RunResult

__all__ = ["ExitCode", "of_run", "worst"]


class ExitCode(IntEnum):
    """The exit codes, with one meaning for every command."""

    PASS = 0
    FAILURE = 1
    INTERRUPTED = 2
    INCOMPLETE = 3
    USAGE = 4
    NOTHING_SELECTED = 5
    INCONCLUSIVE = 6


_WORST_FIRST = (
    ExitCode.FAILURE,
    ExitCode.INCOMPLETE,
    ExitCode.NOTHING_SELECTED,
    ExitCode.INCONCLUSIVE,
)


def of_run(result: RunResult) -> ExitCode:
    """Return the exit code of a result.

    A pair that is BLOCKED by a failing property counts as that failure, even if the run did not
    select that property.
    """
    if result.collected == 0:
        return ExitCode.NOTHING_SELECTED
    tally = result.tally
    roots = {one.root_cause for one in result.results if one.root_cause is not None}
    if any(verdict.fails_run for verdict in {*tally, *roots}):
        return ExitCode.FAILURE
    if result.stopped or not result.complete:
        return ExitCode.INCOMPLETE
    return ExitCode.INCONCLUSIVE if tally[Verdict.INCONCLUSIVE] else ExitCode.PASS


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code of several parts together: a certain failure comes first."""
    found = set(codes)
    return next((code for code in _WORST_FIRST if code in found), ExitCode.PASS)
