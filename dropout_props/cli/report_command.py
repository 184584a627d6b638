"""`dropout-props report RESULT.json`: prints a stored result, or writes it as a page."""

from __future__ import annotations

from pathlib import Path

import click

from dropout_props.cli.comparison_output import check_reports, read_result
from dropout_props.cli.console import console
from dropout_props.cli.outputs import Outputs
from dropout_props.results.exit_codes import ExitCode

__all__ = ["command"]


@click.command("report")
@click.argument("result", metavar="RESULT.json", type=click.Path(path_type=Path))
@click.option(
    "--html",
    "html_path",
    type=click.Path(path_type=Path),
    help="Write one HTML page.",
)
@click.option(
    "--junit", "junit_path", type=click.Path(path_type=Path), help="Write JUnit XML to this file."
)
def command(result: Path, *, html_path: Path | None, junit_path: Path | None) -> int:
    """Print the result that `check --json` wrote, or write it as a page or as JUnit XML.

    It judges nothing, and loads neither JAX nor Flax.

    Exit codes: 0 done, 3 a file could not be written, 4 usage.
    """
    from dropout_props.report.html import page
    from dropout_props.report.junit import run_junit
    from dropout_props.report.terminal import header, print_report

    check_reports(html_path, junit_path)
    run = read_result(result)
    with Outputs() as outputs:
        if html_path is None and junit_path is None:
            for line in header(run, run.profile):
                outputs.say(line)
            outputs.show(lambda: print_report(run, console()))
        outputs.save(page(run) if html_path else "", html_path)
        outputs.save(run_junit(run) if junit_path else "", junit_path)
    return ExitCode.PASS
