"""`dropout-props report RESULT.json`: prints a stored result, or writes it as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dropout_props.cli.comparison_output import check_reports
from dropout_props.cli.console import console
from dropout_props.cli.outputs import Outputs
from dropout_props.results.exit_codes import ExitCode

if TYPE_CHECKING:
    from dropout_props.results.records import RunResult
    from dropout_props.results.stored import StoredComparison, StoredRecord, StoredSelftest

    Stored = RunResult | StoredComparison | StoredRecord | StoredSelftest

__all__ = ["command"]


@click.command("report")
@click.argument("result", metavar="RESULT.json", type=click.Path(path_type=Path))
@click.option(
    "--html",
    "html_path",
    type=click.Path(path_type=Path),
    help="Write one HTML page to this file.",
)
@click.option(
    "--junit", "junit_path", type=click.Path(path_type=Path), help="Write JUnit XML to this file."
)
@click.option(
    "--compare",
    "compare_path",
    type=click.Path(path_type=Path),
    help="Write a Markdown page with the subjects of a check side by side.",
)
def command(
    result: Path, *, html_path: Path | None, junit_path: Path | None, compare_path: Path | None
) -> int:
    """Print what --json of another command wrote, or write it as a page or as JUnit XML.

    It reads files of check, gate, diff, audit and selftest. It judges nothing, and loads neither
    JAX nor Flax.

    Exit codes: 0 done, 3 a file could not be written, 4 usage.
    """
    from dropout_props.results.files import BadResultFile
    from dropout_props.results.records import RunResult
    from dropout_props.results.stored import StoredRecord, StoredSelftest, load

    check_reports(html_path, junit_path, compare_path)
    try:
        stored = load(result)
    except BadResultFile as error:
        raise click.UsageError(str(error)) from error
    if compare_path is not None and not isinstance(stored, RunResult):
        raise click.UsageError(f"{result}: --compare takes the result of a check.")
    only_page = isinstance(stored, StoredRecord | StoredSelftest)
    if only_page and (html_path is None or junit_path):
        kind = "record" if isinstance(stored, StoredRecord) else "self-test"
        raise click.UsageError(f"{result}: a {kind} can be written as a page alone: give --html.")
    with Outputs() as outputs:
        if html_path is None and junit_path is None and compare_path is None:
            _print(stored, outputs)
        if html_path is not None:
            outputs.save(_page(stored), html_path)
        if junit_path is not None:
            outputs.save(_junit(stored), junit_path)
        if compare_path is not None and isinstance(stored, RunResult):
            outputs.save(_compared(stored, result), compare_path)
    return ExitCode.PASS


def _print(stored: Stored, outputs: Outputs) -> None:
    """Print a run or a comparison."""
    from dropout_props.report.changes import print_changes
    from dropout_props.report.terminal import header, print_report
    from dropout_props.results.records import RunResult
    from dropout_props.results.stored import StoredComparison

    if isinstance(stored, RunResult):
        for line in header(stored, stored.profile):
            outputs.say(line)
        outputs.show(lambda: print_report(stored, console()))
    elif isinstance(stored, StoredComparison):
        outputs.show(lambda: print_changes(stored.comparison, console()))


def _page(stored: Stored) -> str:
    from dropout_props.report import html
    from dropout_props.results.stored import StoredComparison, StoredRecord, StoredSelftest

    if isinstance(stored, StoredComparison):
        return html.comparison_page(stored.comparison, exit_code=stored.exit_code)
    if isinstance(stored, StoredRecord):
        return html.record_page(stored.document)
    if isinstance(stored, StoredSelftest):
        return html.selftest_page(stored.document)
    return html.page(stored)


def _compared(run: RunResult, path: Path) -> str:
    """Return the page of the subjects side by side."""
    from dropout_props.report.subjects import subjects_page

    return subjects_page(run, command=f"dropout-props report {path.name} --compare FILE")


def _junit(stored: Stored) -> str:
    """Return the JUnit XML of a run or a comparison."""
    from dropout_props.report.junit import comparison_junit, run_junit
    from dropout_props.results.records import RunResult
    from dropout_props.results.stored import StoredComparison

    if isinstance(stored, StoredComparison):
        return comparison_junit(stored.comparison)
    assert isinstance(stored, RunResult)
    return run_junit(stored)
