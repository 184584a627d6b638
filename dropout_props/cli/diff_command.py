"""`dropout-props diff BASE CANDIDATE`: compares two result files."""

from __future__ import annotations

from pathlib import Path

import click

from dropout_props.cli.comparison_output import check_reports, publish, read_result, report_options

__all__ = ["command"]


@click.command("diff")
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("candidate", type=click.Path(path_type=Path))
@report_options
def command(
    base: Path,
    candidate: Path,
    *,
    json_path: Path | None,
    markdown_path: Path | None,
    junit_path: Path | None,
    html_path: Path | None,
    strict_bits: bool,
) -> int:
    """Compare the result file BASE with the result file CANDIDATE, and say what changed.

    Exit codes: 0 pass, 1 regressed, contract changed, removed or error, 3 one file is incomplete,
    4 usage, 5 nothing to compare, 6 inconclusive.
    """
    from dropout_props.gate.diff import Incomparable, diff

    check_reports(json_path, markdown_path, junit_path, html_path)
    try:
        comparison = diff(
            read_result(base),
            read_result(candidate),
            labels=(str(base), str(candidate)),
            strict_bits=strict_bits,
        )
    except Incomparable as error:
        raise click.UsageError(str(error)) from error
    return publish(
        comparison,
        json_path=json_path,
        markdown_path=markdown_path,
        junit_path=junit_path,
        html_path=html_path,
    )
