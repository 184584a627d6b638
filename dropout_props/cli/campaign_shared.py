"""What the commands of a campaign share: the folder, the errors, and the status."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dropout_props.cli.errors import CannotRun
from dropout_props.results.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropout_props.campaign.folder import Contents

__all__ = ["FOLDER", "campaign_errors", "contents_of", "say_state"]

FOLDER = click.Path(path_type=Path, file_okay=False)


@contextmanager
def campaign_errors() -> Iterator[None]:
    """Turn the errors of a campaign into messages.

    Raises:
        click.UsageError: the folder or the options cannot be used.
        CannotRun: the campaign cannot go on.
    """
    from dropout_props.campaign.errors import CampaignError, Unusable

    try:
        yield
    except Unusable as error:
        raise click.UsageError(str(error)) from error
    except CampaignError as error:
        raise CannotRun(str(error)) from error


def contents_of(folder: Path) -> Contents:
    """Return the contents of a folder that has at least one chunk.

    Raises:
        click.UsageError: it has none.
    """
    from dropout_props.campaign.folder import read_folder

    contents = read_folder(folder)
    if not contents.chunks:
        raise click.UsageError(
            f"{folder}: there is no chunk of a campaign. Begin one with `dropout-props campaign "
            "run FOLDER SUBJECT --until 1e10`, or name another folder."
        )
    return contents


def say_state(contents: Contents) -> int:
    """Print the status of a campaign, if it has a chunk; return the exit code."""
    from dropout_props.campaign.state import state_of
    from dropout_props.campaign.words import lines

    if not contents.chunks:
        click.echo("this host has no chunk to count, and the folder has none yet.")
        return ExitCode.PASS
    state = state_of(contents)
    click.echo("\n".join(lines(state)))
    return ExitCode.FAILURE if state.is_refuted else ExitCode.PASS
