"""`dropout-props explain [DPnnn]`: what a property properties, what it rests on, who violates it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dropout_props.cli.options import properties_of

if TYPE_CHECKING:
    from dropout_props.properties import NightlyProperty, Property, RecordProperty

__all__ = ["command"]


@click.command("explain")
@click.argument("property_ids", nargs=-1, metavar="[PROPERTY]...")
@click.option("--markdown", is_flag=True, help="Print Markdown, as in docs/catalogue.md.")
def command(property_ids: tuple[str, ...], *, markdown: bool) -> int:
    """Say what each PROPERTY (as in DP203) properties, and what it rests on; all of them by default."""
    from dropout_props.engine.deviations.describe import known_of
    from dropout_props.properties.describe import describe, page

    properties = _told(property_ids)
    texts = [f"{describe(prop)}\n{known_of(prop.id)}".rstrip() for prop in properties]
    click.echo(page(properties) if markdown else "\n\n".join(texts))
    return 0


def _told(ids: tuple[str, ...]) -> list[Property | NightlyProperty | RecordProperty]:
    from dropout_props.properties import EXPLAINED

    told = {prop.id: prop for prop in EXPLAINED}
    found = [told.get(one.upper()) or properties_of((one,))[0] for one in ids]
    return list({prop.id: prop for prop in found}.values()) or list(EXPLAINED)
