"""What becomes of a result: written, kept for `replay`, held against a baseline."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from dropout_props.exitcodes import ExitCode
    from dropout_props.results import RunResult

__all__ = ["compare", "keep"]


def keep(result: RunResult, *, json_path: Path | None, junit_path: Path | None) -> None:
    """Write what was asked for, and keep the result as the last one, from which to replay."""
    from dropout_props.gate import cache
    from dropout_props.report import files
    from dropout_props.report.junit import run_junit

    if json_path is not None:
        files.write(result, json_path)
    if junit_path is not None:
        files.save(run_junit(result), junit_path)
    with contextlib.suppress(
        OSError, files.BadResultFile
    ):  # a full or read-only home is no failure
        files.write(result, cache.last_result())


def compare(stored: RunResult, result: RunResult, *, baseline: Path | None) -> ExitCode:
    """Compare a result with the stored one, print what changed, and return the exit code.

    Raises:
        click.UsageError: the two answer different questions.
    """
    from dropout_props.cli.comparing import publish
    from dropout_props.gate.diff import Incomparable, diff

    try:
        comparison = diff(stored, result, labels=(str(baseline), "here"))
    except Incomparable as error:
        raise click.UsageError(str(error)) from error
    return publish(comparison)
