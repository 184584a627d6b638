"""`dropout-props campaign status`, `merge` and `verify`: what a folder holds, and if it is so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dropout_props.cli.campaign_shared import FOLDER, campaign_errors, contents_of, say_state
from dropout_props.cli.errors import require_working_pair
from dropout_props.cli.options import subjects_of
from dropout_props.cli.outputs import Outputs
from dropout_props.results.exit_codes import ExitCode

if TYPE_CHECKING:
    from dropout_props.campaign.identity import Identity
    from dropout_props.campaign.verify import Verified
    from dropout_props.properties.sampler import Sampler

__all__ = ["merge", "status", "verify"]

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("status")
@click.argument("folder", type=FOLDER)
@click.option(
    "--json", "json_path", type=_FILE, help="Write the numbers here; `-` is standard output."
)
@click.option("--svg", "svg_path", type=_FILE, help="Write the picture here.")
def status(folder: Path, *, json_path: Path | None, svg_path: Path | None) -> int:
    """Say what the campaign in FOLDER excludes so far; it may be running.

    Exit codes: 0 printed, 1 the property fails, 3 chunks contradict each other, or a file could not
    be written, 4 usage, or files of two campaigns.
    """
    from dropout_props.campaign.picture import svg
    from dropout_props.campaign.state import state_of
    from dropout_props.campaign.words import as_json, lines

    with campaign_errors():
        state = state_of(contents_of(folder).consistent())
    with Outputs() as outputs:
        if json_path is None or str(json_path) != "-":
            outputs.say("\n".join(lines(state)))
        text = json.dumps(as_json(state), indent=1) + "\n"
        outputs.save(text if json_path else "", json_path)
        outputs.save(svg(state) if svg_path else "", svg_path)
    return ExitCode.FAILURE if state.is_refuted else ExitCode.PASS


@click.command("merge")
@click.argument("folders", nargs=-1, required=True, type=FOLDER)
@click.option("--into", required=True, type=FOLDER, help="The folder that gets all chunks.")
def merge(folders: tuple[Path, ...], *, into: Path) -> int:
    """Copy the chunks of FOLDERS, which hold one campaign, into one folder.

    Exit codes: 0 merged, 1 the property fails, 3 chunks contradict each other, or a file could not
    be written, 4 usage, or folders of different campaigns.
    """
    from dropout_props.campaign.merge import merge as merged

    with campaign_errors():
        copied = merged(folders, into)
        click.echo(f"{copied} chunks copied to {into}.")
        return say_state(contents_of(into).consistent())


@click.command("verify")
@click.argument("folder", type=FOLDER)
@click.option("--chunk", "chunks", type=click.IntRange(0), multiple=True, help="Only this chunk.")
@click.option(
    "--part",
    type=click.FloatRange(0.0, 1.0, min_open=True),
    default=0.001,
    show_default=True,
    help="The part of the chunks that is counted again, at least one.",
)
@click.option("--sample-seed", type=int, default=0, show_default=True, help="Chooses the part.")
@click.option("--on-host", is_flag=True, help="Count with NumPy, as a check does: slower.")
@click.option("--subject", help="The subject, where its name alone does not find it.")
def verify(
    folder: Path,
    *,
    chunks: tuple[int, ...],
    part: float,
    sample_seed: int,
    on_host: bool,
    subject: str | None,
) -> int:
    """Count a sample of the chunks in FOLDER again, and compare them bit by bit.

    It uses the devices of this process, whatever devices counted first. Chunks with two results are
    always in the sample.

    Exit codes: 0 all are equal, 1 one differs, 4 usage, a chunk that FOLDER does not have, or
    another subject or environment.
    """
    with campaign_errors():
        contents_of(folder)
    require_working_pair()
    from dropout_props.campaign.sampling import sampler_of
    from dropout_props.campaign.verify import verify as verified

    def sampler(identity: Identity) -> Sampler:
        found = subjects_of((subject or identity.source or identity.subject,))[0]
        return sampler_of(
            found, identity.property_id, identity.rebuilt(), run_seed=identity.run_seed
        )

    with campaign_errors():
        found = verified(
            folder,
            sampler,
            chunks=chunks,
            part=part,
            seed=sample_seed,
            on_host=on_host,
            on_chunk=_say,
        )
    wrong = sum(bool(one.wrong) for one in found)
    click.echo(f"{len(found)} chunks counted again, {wrong} of them differ.")
    return ExitCode.FAILURE if wrong else ExitCode.PASS


def _say(one: Verified) -> None:
    for path in one.wrong:
        click.echo(f"chunk {one.number}: {path} holds another result than was counted here.")
    if not one.wrong:
        click.echo(f"chunk {one.number}: equal")
