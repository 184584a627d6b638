"""`dropout-props explain DPnnn`: what one claim claims, and what it rests on."""

from __future__ import annotations

import click

from dropout_props.cli.options import claims_of

__all__ = ["command"]


@click.command("explain")
@click.argument("claim_id", metavar="CLAIM")
def command(claim_id: str) -> int:
    """Say what CLAIM (as in DP203) claims, and what it rests on."""
    from dropout_props.properties.describe import describe

    [claim] = claims_of((claim_id,))
    click.echo(describe(claim))
    return 0
