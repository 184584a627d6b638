"""What `diff`, `gate` and `check --baseline` share: options for reports, and writing them."""

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

__all__ = ["check_reports", "publish", "put_out", "read_result", "report_options"]

_PATH = click.Path(path_type=Path)


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --json, --markdown, --junit and --strict-bits."""
    for option in (
        click.option("--strict-bits", is_flag=True, help="Fail on rekeyed and shifted too."),
        click.option("--junit", "junit_path", type=_PATH, help="Write JUnit XML here."),
        click.option("--markdown", "markdown_path", type=_PATH, help="Write Markdown here."),
        click.option("--json", "json_path", type=_PATH, help="Write the comparison here."),
    ):
        command = option(command)
    return command


def check_reports(*paths: Path | None) -> None:
    """Refuse places that cannot be written, before anything runs.

    Where one of them is standard output, everything else that the command prints goes to standard
    error until the command ends.

    Raises:
        click.UsageError: naming the place.
    """
    from dropout_props.results import writing

    places = [path for path in paths if path is not None]
    for path in places:
        try:
            writing.check_writable(path)
        except writing.CannotWrite as error:  # noqa: PERF203 (three paths)
            raise click.UsageError(str(error)) from error
    number = sum(map(writing.is_standard_output, places))
    if number > 1:
        raise click.UsageError("standard output holds one file: name another place for the others.")
    if number:
        click.get_current_context().with_resource(writing.standard_output_reserved())


def read_result(path: Path) -> RunResult:
    """Read a result file.

    Raises:
        click.UsageError: it is none, in one sentence.
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
) -> ExitCode:
    """Print a comparison, write what was asked for, and return its exit code.

    Raises:
        NotWritten: a part could not be written; all others were.
    """
    with Outputs() as outputs:
        code = put_out(comparison, outputs)
        markdown = _markdown(comparison, code)
        outputs.save(markdown, markdown_path)
        if junit_path is not None:
            from dropout_props.report.junit import comparison_junit

            outputs.save(comparison_junit(comparison), junit_path)
        if json_path is not None:
            from dropout_props.results import files

            outputs.save(files.comparison_text(comparison, exit_code=code), json_path)
    return code


def put_out(comparison: Comparison, outputs: Outputs) -> ExitCode:
    """Print a comparison, add it to the summary of a CI step, and return its exit code."""
    from dropout_props.gate.diff import exit_code
    from dropout_props.report.changes import print_changes
    from dropout_props.report.markdown import step_summary

    code = exit_code(comparison)
    outputs.show(lambda: print_changes(comparison, console()))
    try:
        step_summary(_markdown(comparison, code))
    except OSError as error:  # nobody named that file on the command line: it fails no run
        click.echo(f"GITHUB_STEP_SUMMARY: nothing was added to it: {error}", err=True)
    return code


def _markdown(comparison: Comparison, code: ExitCode) -> str:
    from dropout_props.report.markdown import comparison_markdown

    return comparison_markdown(comparison, exit_code=code)
