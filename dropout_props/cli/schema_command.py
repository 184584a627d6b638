"""`dropout-props schema`: prints the JSON Schema of the files that this version writes."""

from __future__ import annotations

import json

import click

__all__ = ["command"]


@click.command("schema")
@click.option(
    "--of",
    "which",
    type=click.Choice(["result", "comparison"]),
    default="result",
    show_default=True,
    help="Schema of the file of `check --json`, or of `diff --json` and `gate --json`.",
)
def command(which: str) -> int:
    """Print the JSON Schema of result files, or of comparisons."""
    from dropout_props.results.schema import comparison_schema, result_schema

    schema = result_schema() if which == "result" else comparison_schema()
    click.echo(json.dumps(schema, indent=1))
    return 0
