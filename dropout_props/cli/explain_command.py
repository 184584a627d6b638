"""`dropout-props explain [DPnnn]`: what a claim claims, what it rests on, who violates it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dropout_props.cli.options import claims_of

if TYPE_CHECKING:
    from dropout_props.properties import Claim, NightlyClaim

__all__ = ["command"]


@click.command("explain")
@click.argument("claim_ids", nargs=-1, metavar="[CLAIM]...")
@click.option("--markdown", is_flag=True, help="Print Markdown, as in docs/catalogue.md.")
def command(claim_ids: tuple[str, ...], *, markdown: bool) -> int:
    """Say what each CLAIM (as in DP203) claims, and what it rests on; all of them by default."""
    from dropout_props.engine.deviations.describe import known_of
    from dropout_props.properties.describe import describe, page

    claims = _told(claim_ids)
    texts = [f"{describe(claim)}\n{known_of(claim.id)}".rstrip() for claim in claims]
    click.echo(page(claims) if markdown else "\n\n".join(texts))
    return 0


def _told(ids: tuple[str, ...]) -> list[Claim | NightlyClaim]:
    from dropout_props.properties import EXPLAINED

    told = {claim.id: claim for claim in EXPLAINED}
    found = [told.get(one.upper()) or claims_of((one,))[0] for one in ids]
    return list({claim.id: claim for claim in found}.values()) or list(EXPLAINED)
