"""Counts a sample of chunks again, and compares them bit by bit with what the folder holds.

Question: did the devices that counted, and the disks that stored, tell the truth?
Guarantee: a chunk that is compared and equal was counted from the masks of this installation;
chunks that contradict each other are always compared, and the wrong file is named.
Cannot say: anything about chunks outside the sample.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from dropout_props.campaign.chunks import Chunk
from dropout_props.campaign.errors import OtherCampaign, Unusable
from dropout_props.campaign.folder import read_folder, results_in
from dropout_props.campaign.identity import identity_of
from dropout_props.campaign.work import counter_of
from dropout_props.environment.guards import without_guards

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from dropout_props.campaign.folder import Contents
    from dropout_props.campaign.identity import Identity
    from dropout_props.properties.sampler import Sampler

__all__ = ["Verified", "chosen", "verify"]


@dataclass(frozen=True)
class Verified:
    """One chunk that was counted again.

    Attributes:
        number: of the chunk.
        wrong: the files that hold another result.
        equal: the files that hold the same.
    """

    number: int
    wrong: tuple[Path, ...]
    equal: tuple[Path, ...]


def chosen(contents: Contents, *, part: float, seed: int) -> list[int]:
    """Return the chunks to count again: those with two results, and a random part of the others.

    Args:
        contents: of the folder.
        part: the part of all chunks, in (0, 1]; at least one.
        seed: of the choice.
    """
    numbers = sorted(contents.chunks)
    count = min(len(numbers), max(1, ceil(part * len(numbers))))
    sample = random.Random(seed).sample(numbers, count)  # noqa: S311 (no secret)
    return sorted({*sample, *contents.contradictions})


@without_guards()
def verify(
    folder: Path,
    sampler_of: Callable[[Identity], Sampler],
    *,
    chunks: Collection[int] = (),
    part: float = 0.001,
    seed: int = 0,
    on_host: bool = False,
    on_chunk: Callable[[Verified], None] = lambda _verified: None,
) -> list[Verified]:
    """Count chunks again, on the devices of this process or on its host.

    Args:
        folder: of the campaign, with at least one chunk.
        sampler_of: returns what draws the masks of a campaign.
        chunks: the chunks to count; none for those of `chosen`.
        part: as in `chosen`.
        seed: as in `chosen`.
        on_host: count with NumPy, block by block, as a check does.
        on_chunk: called with each result as it comes.

    Raises:
        OtherCampaign: the subject or the environment are not those of the campaign.
        Unusable: a chunk is not in the folder.
    """
    contents = read_folder(folder)
    identity = contents.identity
    assert identity is not None
    sampler = sampler_of(identity)
    here = identity_of(sampler, chunk_blocks=identity.chunk_blocks)
    if other := identity.difference(here):
        raise OtherCampaign(
            f"this installation cannot verify {folder} (there, here): {other}. Install what the "
            "campaign was counted with."
        )
    numbers = sorted(set(chunks)) or chosen(contents, part=part, seed=seed)
    stored: dict[int, list[tuple[Path, str]]] = {number: [] for number in numbers}
    for path, _, chunk in results_in(folder):
        if chunk.number in stored:
            stored[chunk.number].append((path, chunk.result))
    if absent := [number for number in numbers if not stored[number]]:
        raise Unusable(
            f"--chunk {absent[0]}: {folder} has no such chunk, so there is nothing to compare. Its "
            f"chunks are from {min(contents.chunks)} to {max(contents.chunks)}."
        )
    counter = counter_of(sampler, num_blocks=identity.chunk_blocks, on_host=on_host)
    found = []
    for number in numbers:
        kept = identity.kind.stored(counter(identity.blocks(number)))
        result = Chunk(number, 0, kept).result
        found.append(
            Verified(
                number,
                wrong=tuple(path for path, one in stored[number] if one != result),
                equal=tuple(path for path, one in stored[number] if one == result),
            )
        )
        on_chunk(found[-1])
    return found
