"""The exit codes of the command line, a contract with scripts and CI."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from dropout_props.verdict import Verdict

if TYPE_CHECKING:
    from dropout_props.results import RunResult

__all__ = ["ExitCode", "of_run"]


class ExitCode(IntEnum):
    """What an exit code says."""

    PASS = 0
    FAILURE = 1
    INTERRUPTED = 2
    INCOMPLETE = 3
    USAGE = 4
    NOTHING_SELECTED = 5
    INCONCLUSIVE = 6


def of_run(result: RunResult) -> ExitCode:
    """Return the exit code that a result asks for."""
    if result.collected == 0:
        return ExitCode.NOTHING_SELECTED
    tally = result.tally
    if any(verdict.fails_run for verdict in tally):
        return ExitCode.FAILURE
    if not result.complete:
        return ExitCode.INCOMPLETE
    return ExitCode.INCONCLUSIVE if tally[Verdict.INCONCLUSIVE] else ExitCode.PASS
