"""Counts the chunks of a campaign that are this host's and that no file of the folder has.

Guarantee: which chunks are counted depends on the folder and on the host's number alone, never on
a count, so a look at the counts, a crash or more hosts change no error rate. A chunk is on disk
before the next begins: a process that is killed loses the chunk at which it was.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from functools import partial
from math import ceil, prod
from time import monotonic
from typing import TYPE_CHECKING

import jax
import numpy as np

from dropout_props.campaign.chunks import Chunk, Header, Process
from dropout_props.campaign.errors import OtherCampaign, Unusable
from dropout_props.campaign.folder import Contents, Writer, read_folder
from dropout_props.campaign.hosts import Host
from dropout_props.campaign.identity import Identity, device_kind, identity_of
from dropout_props.campaign.ranks import all_agree, first_does, from_first
from dropout_props.environment.guards import without_guards
from dropout_props.properties.counting.counters import (
    BLOCKS,
    Counter,
    DeviceCounter,
    HostCounter,
    counts_on_device,
)
from dropout_props.properties.sampler import Sampler

if TYPE_CHECKING:
    from pathlib import Path


__all__ = ["blocks_in_chunk", "counter_of", "work"]

_LARGEST = 2**30  # units in a chunk: some seconds on a CPU, and below 2**31
_CHUNKS = 64  # that a small campaign has at least, so that hosts have something to share


def blocks_in_chunk(until: int, block_units: int, *, least: int = 1) -> int:
    """Return how many blocks a chunk of a new campaign has.

    Args:
        until: units that are to be counted.
        block_units: units in a block.
        least: blocks in a chunk at least, whatever `until` is: as many devices have work.

    Raises:
        Unusable: a block is more than a device can count.
    """
    if block_units > _LARGEST:
        raise Unusable(
            f"a block of this shape has {block_units} units, and a chunk at most {_LARGEST}: give "
            "a smaller --shape."
        )
    most = _LARGEST // block_units
    wanted = max(1, min(most, max(least, until // _CHUNKS // block_units)))
    return 1 << (wanted.bit_length() - 1)


def counter_of(
    sampler: Sampler, *, num_blocks: int, on_host: bool = False
) -> DeviceCounter | HostCounter:
    """Return what counts: the devices, if they can tell the kept units of this subject."""
    if on_host or not counts_on_device(sampler):
        return HostCounter(sampler)
    return DeviceCounter(sampler, num_blocks=num_blocks)


@without_guards()
def work(
    folder: Path,
    sampler: Sampler,
    *,
    until: int,
    host: Host | None = None,
    chunk_blocks: int | None = None,
    on_host: bool = False,
    on_start: Callable[[Header, int], None] = lambda _header, _todo: None,
    on_chunk: Callable[[Chunk], None] = lambda _chunk: None,
) -> Contents:
    """Count the chunks of a host that no file has yet.

    Args:
        folder: the folder of the campaign; it is made if it does not exist.
        sampler: draws the masks.
        until: units that all hosts together are to count; rounded up to whole chunks.
        host: the share of this process.
        chunk_blocks: blocks in a chunk; None for that of the folder, or a usual number.
        on_host: count with NumPy.
        on_start: called with the header of the new file, and how many chunks are to be counted.
        on_chunk: called when a chunk is on disk.

    Returns:
        The contents of the folder afterwards, those of other hosts included; nothing in a process
        that is not the first of several.

    Raises:
        Unusable: processes of one job have different options, or all would count the same.
        OtherCampaign: the folder has the files of another campaign.
        Contradiction: it has two results of one chunk.
        NotStored: a chunk could not be written; all earlier ones are on disk.
    """
    _check_on_devices(sampler, on_host=on_host)
    host = host or Host()
    before = first_does(lambda: read_folder(folder).consistent(), others=Contents())
    identity = _identity(before, sampler, until=until, chunk_blocks=chunk_blocks)
    _check_agree(identity, until, host)
    first_does(lambda: _check_same(before, identity, folder), others=None)
    todo = _todo(before, identity, until, host)
    if not todo:
        return before
    counter = counter_of(sampler, num_blocks=identity.chunk_blocks, on_host=on_host)
    header = Header(identity, _process(host, counter.where))
    writer = first_does(lambda: _begun(folder, header), others=None)
    try:
        if writer is not None:
            on_start(header, len(todo))
        for number in todo:
            chunk = _counted(counter, identity, number)
            first_does(partial(_store, writer, chunk), others=None)
            if writer is not None:
                on_chunk(chunk)
    finally:
        if writer is not None:
            writer.close()
    return first_does(lambda: read_folder(folder).consistent(), others=before)


def _check_on_devices(sampler: Sampler, *, on_host: bool) -> None:
    """Refuse to let several processes of one job each count the same on its host.

    Raises:
        Unusable: there are several, and the devices do not count.
    """
    if jax.process_count() > 1 and (on_host or not counts_on_device(sampler)):
        raise Unusable(
            f"--distributed: {sampler.subject.name} is counted on the host, where each process "
            "would count the same. Leave it out, and give each process its --host i/n."
        )


def _check_agree(identity: Identity, until: int, host: Host) -> None:
    """Refuse to add up what processes of one job count of different campaigns."""
    text = f"{identity.digest} {until} {host}"
    words = np.frombuffer(hashlib.blake2b(text.encode(), digest_size=16).digest(), np.int32)
    if not all_agree(words):
        raise Unusable(
            "--distributed: the processes of this job count different campaigns. Give all the same "
            "subject and options, and the same versions and flags."
        )


def _begun(folder: Path, header: Header) -> Writer | None:
    """Return a new file of the folder."""
    writer = Writer(folder, header)
    try:
        _check_alone(folder, writer)
    except BaseException:
        writer.close()
        raise
    return writer


def _store(writer: Writer | None, chunk: Chunk) -> None:
    if writer is not None:
        writer.add(chunk)


def _identity(
    before: Contents, sampler: Sampler, *, until: int, chunk_blocks: int | None
) -> Identity:
    """Return the identity, with the chunks of the folder unless others are wanted."""
    if chunk_blocks is None and before.identity is not None:
        chunk_blocks = before.identity.chunk_blocks
    if chunk_blocks is None:
        block_units = sampler.num_keys * prod(sampler.mask_shape)
        # A campaign that begins small may go on for weeks, on many devices, in the same chunks.
        least = BLOCKS if counts_on_device(sampler) else 1
        chunk_blocks = blocks_in_chunk(until, block_units, least=least)
    shared = from_first(np.array([chunk_blocks], np.int32))
    return identity_of(sampler, chunk_blocks=int(shared[0]))


def _todo(before: Contents, identity: Identity, until: int, host: Host) -> list[int]:
    """Return the chunks that this host is to count: those that no file has."""
    chunks = range(ceil(until / identity.chunk_units))
    missing = [host.takes(number) and number not in before.chunks for number in chunks]
    return np.flatnonzero(from_first(np.array(missing, np.int32))).tolist()


def _counted(counter: Counter, identity: Identity, number: int) -> Chunk:
    started = monotonic()
    kept = identity.kind.stored(counter(identity.blocks(number)))
    return Chunk(number, round(1000 * (monotonic() - started)), kept)


def _check_same(before: Contents, identity: Identity, folder: Path) -> None:
    """Refuse to add another campaign to a folder."""
    if before.identity is not None and (other := before.identity.difference(identity)):
        raise OtherCampaign(
            f"{folder} holds another campaign (there, here): {other}. Their integers do not add "
            "up. Use an empty folder for this one."
        )


def _check_alone(folder: Path, writer: Writer) -> None:
    """Refuse if another campaign has begun in the folder at the same moment."""
    try:
        read_folder(folder)
    except OtherCampaign:
        with suppress(OSError):
            writer.path.unlink()  # there is no count in it
        raise


def _process(host: Host, where: str) -> Process:
    return Process(
        host=str(host),
        machine=platform.node(),
        device_kind=device_kind(),
        devices=jax.device_count(),
        where=where,
        started=f"{datetime.now(tz=timezone.utc):%Y-%m-%d %H:%M:%S}",
    )
