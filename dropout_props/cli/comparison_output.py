"""Options and output of a comparison, shared by `diff`, `gate` and `check --baseline`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dropout_props.cli.console import console
from dropout_props.cli.outputs import Outputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropout_props.results.comparison import Comparison
    from dropout_props.results.exit_codes import ExitCode
    from dropout_props.results.records import RunResult

__all__ = ["check_reports", "print_comparison", "publish", "read_result", "report_options"]

_PATH = click.Path(path_type=Path)


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --json, --markdown, --html, --junit and --strict-bits."""
    for option in (
        click.option("--strict-bits", is_flag=True, help="Fail on rekeyed and shifted too."),
        click.option("--junit", "junit_path", type=_PATH, help="Write JUnit XML to this file."),
        click.option("--html", "html_path", type=_PATH, help="Write one HTML page to this file."),
        click.option(
            "--markdown", "markdown_path", type=_PATH, help="Write Markdown to this file."
        ),
        click.option("--json", "json_path", type=_PATH, help="Write the comparison to this file."),
    ):
        command = option(command)
    return command


def check_reports(*paths: Path | None) -> None:
    """Refuse files that cannot be written, before anything runs.

    If one of them is standard output, everything else that the command prints goes to standard
    error until the command ends.

    Raises:
        click.UsageError: a file cannot be written, or two files are standard output.
    """
    from dropout_props.results import writing

    files = [path for path in paths if path is not None]
    for path in files:
        try:
            writing.check_writable(path)
        except writing.CannotWrite as error:  # noqa: PERF203 (three paths)
            raise click.UsageError(str(error)) from error
    number = sum(map(writing.is_standard_output, files))
    if number > 1:
        raise click.UsageError(
            "only one file can be standard output: name another place for the others."
        )
    if number:
        click.get_current_context().with_resource(writing.standard_output_reserved())


def read_result(path: Path) -> RunResult:
    """Read a result file.

    Raises:
        click.UsageError: it cannot be read, or is not a result file.
    """
    from dropout_props.results import files

    try:
        return files.read(path)
    except files.BadResultFile as error:
        raise click.UsageError(str(error)) from error


def publish(
    comparison: Comparison,
    *,
    json_path: Path | None = None,
    markdown_path: Path | None = None,
    junit_path: Path | None = None,
    html_path: Path | None = None,
) -> ExitCode:
    """Print a comparison, write its files, and return its exit code.

    Raises:
        NotWritten: a file could not be written; all others were.
    """
    with Outputs() as outputs:
        code = print_comparison(comparison, outputs)
        markdown = _markdown(comparison, code)
        outputs.save(markdown, markdown_path)
        if junit_path is not None:
            from dropout_props.report.junit import comparison_junit

            outputs.save(comparison_junit(comparison), junit_path)
        if html_path is not None:
            from dropout_props.report.html import comparison_page

            outputs.save(comparison_page(comparison, exit_code=code), html_path)
        if json_path is not None:
            from dropout_props.results import files

            outputs.save(files.comparison_text(comparison, exit_code=code), json_path)
    return code


def print_comparison(comparison: Comparison, outputs: Outputs) -> ExitCode:
    """Print a comparison, add it to the summary of a CI step, and return its exit code."""
    from dropout_props.gate.diff import exit_code
    from dropout_props.report.changes import print_changes
    from dropout_props.report.markdown import step_summary

    code = exit_code(comparison)
    outputs.show(lambda: print_changes(comparison, console()))
    try:
        step_summary(_markdown(comparison, code))
    except OSError as error:  # the user did not name that file, so it fails no run
        click.echo(f"GITHUB_STEP_SUMMARY: nothing was added to it: {error}", err=True)
    return code


def _markdown(comparison: Comparison, code: ExitCode) -> str:
    from dropout_props.report.markdown import comparison_markdown

    return comparison_markdown(comparison, exit_code=code)
