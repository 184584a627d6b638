"""Copies the chunks of several folders of one campaign into one file of another folder."""

from __future__ import annotations

import platform
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from dropout_props.campaign.chunks import Header, Process
from dropout_props.campaign.errors import Contradiction, OtherCampaign, Unusable
from dropout_props.campaign.folder import Writer, read_folder, results_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dropout_props.campaign.identity import Identity

__all__ = ["merge"]


def merge(folders: Sequence[Path], into: Path) -> int:
    """Copy each chunk that `into` does not have yet, once.

    The chunks of each kind of process go to a file of their own, so that the speed of each is
    still known. The folders are left as they are.

    Args:
        folders: folders of one campaign.
        into: the folder to write to; it may be new, or hold chunks of the campaign.

    Returns:
        How many chunks were copied.

    Raises:
        Unusable: a folder does not exist, or none has a campaign.
        OtherCampaign: the folders belong to different campaigns.
        Contradiction: a chunk has two results.
        NotStored: a file could not be written.
    """
    for folder in folders:
        if not folder.is_dir():
            raise Unusable(
                f"{folder}: there is no such folder. Nothing was merged: name folders that exist."
            )
    identity, known = _checked([into, *folders])
    target = read_folder(into)
    writers: dict[Process, Writer] = {}
    copied = 0
    try:
        for folder in folders:
            for _, process, chunk in results_in(folder):
                if chunk.number in target.chunks or known.pop(chunk.number, None) is None:
                    continue
                kind = Process(
                    host="",
                    machine=platform.node(),
                    device_kind=process.device_kind,
                    devices=process.devices,
                    where=process.where,
                    started=f"{datetime.now(tz=timezone.utc):%Y-%m-%d}",
                )
                if kind not in writers:
                    writers[kind] = Writer(into, Header(identity, kind))
                writers[kind].add(chunk)
                copied += 1
    finally:
        for writer in writers.values():
            writer.close()
    return copied


def _checked(folders: Sequence[Path]) -> tuple[Identity, dict[int, str]]:
    """Return the campaign of all folders, and the result of each chunk."""
    identity: Identity | None = None
    first: Path | None = None
    results: dict[int, tuple[str, Path]] = {}
    for folder in folders:
        contents = read_folder(folder).consistent()
        if contents.identity is None:
            continue
        if identity is None:
            identity, first = contents.identity, folder
        elif other := identity.difference(contents.identity):
            raise OtherCampaign(
                f"{first} and {folder} hold different campaigns: {other}. Their integers do not "
                "add up, and they are not merged."
            )
        for number, chunk in contents.chunks.items():
            result, path = results.setdefault(number, (chunk.result, chunk.path))
            if result != chunk.result:
                raise Contradiction(
                    f"chunk {number} has different results in {path} and {chunk.path}; nothing was "
                    "merged. `dropout-props campaign verify --chunk` on each folder names the "
                    "wrong file; move that one away."
                )
    if identity is None:
        raise Unusable(f"{', '.join(map(str, folders[1:]))}: there is no campaign.")
    return identity, {number: result for number, (result, _) in results.items()}
