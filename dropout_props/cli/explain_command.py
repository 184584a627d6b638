"""`dropout-props explain [DPnnn]`: the texts of a property, and its known deviations."""

from __future__ import annotations

import click

from dropout_props.cli.options import properties_of

__all__ = ["command"]


@click.command("explain")
@click.argument("property_ids", nargs=-1, metavar="[PROPERTY]...")
@click.option("--markdown", is_flag=True, help="Print Markdown, as in docs/catalogue.md.")
def command(property_ids: tuple[str, ...], *, markdown: bool) -> int:
    """Explain each PROPERTY (as in DP203): what it states and assumes; all of them by default."""
    from dropout_props.engine.deviations.describe import known_of
    from dropout_props.properties.describe import describe, page

    properties = properties_of(property_ids)
    texts = [f"{describe(prop)}\n{known_of(prop.id)}".rstrip() for prop in properties]
    click.echo(page(properties) if markdown else "\n\n".join(texts))
    return 0
