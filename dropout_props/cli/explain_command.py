"""`dropout-props explain [DPnnn]`: the texts of a property, and its known deviations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dropout_props.cli.options import properties_of

if TYPE_CHECKING:
    from dropout_props.properties import Property, RecordProperty

__all__ = ["command"]


@click.command("explain")
@click.argument("property_ids", nargs=-1, metavar="[PROPERTY]...")
@click.option("--markdown", is_flag=True, help="Print Markdown, as in docs/catalogue.md.")
def command(property_ids: tuple[str, ...], *, markdown: bool) -> int:
    """Explain each PROPERTY (as in DP203): what it states and assumes; all of them by default."""
    from dropout_props.engine.deviations.describe import known_of
    from dropout_props.properties.describe import describe, page

    properties = _explained(property_ids)
    texts = [f"{describe(prop)}\n{known_of(prop.id)}".rstrip() for prop in properties]
    click.echo(page(properties) if markdown else "\n\n".join(texts))
    return 0


def _explained(ids: tuple[str, ...]) -> list[Property | RecordProperty]:
    """Return the properties with these ids, all of them when there are no ids."""
    from dropout_props.properties import EXPLAINED

    known = {prop.id: prop for prop in EXPLAINED}
    found = [known.get(one.upper()) or properties_of((one,))[0] for one in ids]
    return list({prop.id: prop for prop in found}.values()) or list(EXPLAINED)
