"""What `diff`, `gate` and `check --baseline` share: options for reports, and writing them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dropout_props.cli.console import console

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropout_props.comparison import Comparison
    from dropout_props.exitcodes import ExitCode
    from dropout_props.results import RunResult

__all__ = ["check_reports", "publish", "read_result", "report_options"]

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

    Raises:
        click.UsageError: naming the place.
    """
    from dropout_props.report import files

    for path in filter(None, paths):
        try:
            files.check_writable(path)
        except files.BadResultFile as error:  # noqa: PERF203 (three paths)
            raise click.UsageError(str(error)) from error


def read_result(path: Path) -> RunResult:
    """Read a result file.

    Raises:
        click.UsageError: it is none, in one sentence.
    """
    from dropout_props.report import files

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
    """Print a comparison, write what was asked for, and return its exit code."""
    from dropout_props.gate.diff import exit_code
    from dropout_props.report import files
    from dropout_props.report.changes import print_changes
    from dropout_props.report.junit import comparison_junit
    from dropout_props.report.markdown import comparison_markdown, step_summary

    code = exit_code(comparison)
    print_changes(comparison, console())
    text = comparison_markdown(comparison, exit_code=code)
    step_summary(text)
    if markdown_path is not None:
        files.save(text, markdown_path)
    if junit_path is not None:
        files.save(comparison_junit(comparison), junit_path)
    if json_path is not None:
        document = files.comparison_document(comparison, exit_code=code)
        files.save(json.dumps(document, indent=1, allow_nan=False) + "\n", json_path)
    return code
