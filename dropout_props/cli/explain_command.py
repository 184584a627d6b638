"""`dropout-props explain [DPnnn]`: the texts of a property, and its known deviations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dropout_props.cli.options import configuration, properties_of

if TYPE_CHECKING:
    from dropout_props.properties import Property, RecordProperty

__all__ = ["command"]


@click.command("explain")
@click.argument("property_ids", nargs=-1, metavar="[PROPERTY]...")
@click.option("--markdown", is_flag=True, help="Print Markdown, as in docs/catalogue.md.")
def command(property_ids: tuple[str, ...], *, markdown: bool) -> int:
    """Explain each PROPERTY (as in DP203): what it states and assumes; all of them by default."""
    if markdown:
        from dropout_props.properties.describe import page

        click.echo(page(_explained(property_ids)))
        return 0
    click.echo("\n\n".join(_texts(property_ids)))
    return 0


def _texts(ids: tuple[str, ...]) -> list[str]:
    """Return the texts of the properties with these ids, of all when there are no ids."""
    from dropout_props.cli.shipped import catalogue

    texts = {entry["id"]: entry["text"] for entry in catalogue()}
    named = [one.upper() for one in ids] or list(texts)
    if not set(named) <= set(texts):  # a property of the project, or a message with closest ids
        from dropout_props.properties.describe import describe

        found = _explained(ids)
        named = [prop.id for prop in found]
        texts |= {prop.id: describe(prop) for prop in found if prop.id not in texts}
    return [texts[one] for one in dict.fromkeys(named)]


def _explained(ids: tuple[str, ...]) -> list[Property | RecordProperty]:
    """Return the properties with these ids, all of them when there are no ids."""
    from dropout_props.properties import EXPLAINED

    if any(not one.upper().startswith("DP") for one in ids):
        configuration()  # imports the modules in which the project declares its own
    known = {prop.id: prop for prop in EXPLAINED}
    found = [known.get(one.upper()) or properties_of((one,))[0] for one in ids]
    return list({prop.id: prop for prop in found}.values()) or list(EXPLAINED)
