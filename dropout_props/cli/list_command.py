"""`dropout-props list`: lists the properties, or the subjects that ship."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dropout_props.cli.console import console

if TYPE_CHECKING:
    from dropout_props.cli.shipped import Entry

__all__ = ["command"]

_KEY = "own-properties"  # of the table in pyproject.toml


@click.command("list")
@click.option(
    "--subjects", is_flag=True, help="List the subjects that ship, and the examples, instead."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(*, subjects: bool, as_json: bool) -> int:
    """List the properties of the catalogue and of the project, or the subjects that ship."""
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
        for entry in (*catalogue(), *_own())
    ]


def _own() -> list[Entry]:
    """Return the properties of the project; without any, nothing that imports JAX is called."""
    here = Path.cwd()
    tables = [folder / "pyproject.toml" for folder in (here, *here.parents)]
    if not any(_KEY in path.read_text("utf-8", "replace") for path in tables if path.is_file()):
        return []
    from dropout_props.cli.options import configuration
    from dropout_props.cli.shipped import entry_of
    from dropout_props.properties import own_properties

    configuration()  # imports the modules that declare them
    return [entry_of(prop) for prop in own_properties()]


def _subjects() -> list[dict[str, str]]:
    from dropout_props.layers import registry

    named = {**registry.SHIPPED, **registry.EXAMPLES, **registry.FRAMEWORKS}
    return [{"subject": name, "source": path} for name, path in named.items()]
