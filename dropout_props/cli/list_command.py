"""`dropout-props list`: lists the properties of the catalogue, or the subjects that ship."""

from __future__ import annotations

import json

import click

from dropout_props.cli.console import console

__all__ = ["command"]


@click.command("list")
@click.option(
    "--subjects", is_flag=True, help="List the subjects that ship, and the examples, instead."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(*, subjects: bool, as_json: bool) -> int:
    """List the properties of the catalogue, or the subjects that ship and the examples."""
    rows = _subjects() if subjects else _properties()
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return 0
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in rows[0]:
        table.add_column(column, no_wrap=column in ("id", "kind", "level", "subject"))
    for row in rows:
        table.add_row(*map(str, row.values()))
    console().print(table)
    return 0


def _properties() -> list[dict[str, str]]:
    from dropout_props.cli.shipped import catalogue

    return [
        {column: str(value) for column, value in entry.items() if column != "text"}
        for entry in catalogue()
    ]


def _subjects() -> list[dict[str, str]]:
    from dropout_props.layers import registry

    named = {**registry.SHIPPED, **registry.EXAMPLES, **registry.FRAMEWORKS}
    return [{"subject": name, "source": path} for name, path in named.items()]
