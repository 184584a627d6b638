"""Prints the result of a `check`, writes its files, stores it for `replay`, and compares it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from dropout_props import __version__
from dropout_props.cli.console import console
from dropout_props.cli.outputs import Outputs
from dropout_props.results.exit_codes import of_run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dropout_props.cli.findings import BaselineToWrite
    from dropout_props.results.exit_codes import ExitCode
    from dropout_props.results.records import RunResult

__all__ = ["publish_run"]


def publish_run(
    result: RunResult,
    *,
    verbose: bool,
    json_path: Path | None,
    junit_path: Path | None,
    html_path: Path | None,
    sarif_path: Path | None,
    places: Mapping[str, tuple[str, int]],
    writing: BaselineToWrite | None,
    stored: RunResult | None,
    baseline: Path | None,
) -> ExitCode:
    """Print a result, write its files, and store it as the last result.

    Args:
        result: result of the run.
        verbose: whether to print every property instead of the first screen.
        json_path: file for the result.
        junit_path: file for JUnit XML.
        html_path: file for the page.
        sarif_path: file for SARIF.
        places: file and line of a subject, by its name.
        writing: the baseline to write; the failures that it holds do not fail the run.
        stored: result of the baseline; the exit code is then that of the comparison.
        baseline: file of the baseline.

    Returns:
        The exit code.

    Raises:
        NotWritten: a file could not be written; all others were.
        click.UsageError: the baseline has another run seed, profile or budget.
    """
    from dropout_props.replay.programs import with_programs
    from dropout_props.report import screen, terminal
    from dropout_props.report.junit import run_junit
    from dropout_props.report.sarif import sarif, workflow_commands
    from dropout_props.results import cache, files

    with Outputs() as outputs:
        print_result = terminal.print_report if verbose else screen.print_screen
        outputs.show(lambda: print_result(result, console()))
        if json_path is not None or html_path is not None:
            result = with_programs(result)
        if json_path is not None:
            outputs.save(files.result_text(result), json_path)
        if junit_path is not None:
            outputs.save(run_junit(result), junit_path)
        if html_path is not None:
            from dropout_props.report.html import page

            outputs.save(page(result), html_path)
        if sarif_path is not None:
            outputs.save(sarif(result, places=places, version=__version__), sarif_path)
        if os.environ.get("GITHUB_ACTIONS") == "true":
            for line in workflow_commands(result, places=places):
                outputs.say(line)
        files.keep_last(result, cache.last_result())
        if writing is not None:
            return writing.write(result, outputs)
        if stored is None:
            return of_run(result)
        return _compare(stored, result, outputs, baseline=baseline)


def _compare(
    stored: RunResult, result: RunResult, outputs: Outputs, *, baseline: Path | None
) -> ExitCode:
    from dropout_props.cli.comparison_output import print_comparison
    from dropout_props.gate.diff import Incomparable, diff

    try:
        comparison = diff(stored, result, labels=(str(baseline), "here"))
    except Incomparable as error:
        raise click.UsageError(str(error)) from error
    return print_comparison(comparison, outputs)
