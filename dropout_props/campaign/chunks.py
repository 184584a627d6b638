"""One file of a campaign: a header, and a line of integers for each chunk, each with a checksum.

A line is text, and ends with a tabulator and the checksum of all before it. The header is JSON. A
chunk has its number, the milliseconds that it took, and for each position of a mask how often it
was kept, or for each two positions how often both were.

Guarantee: whatever byte the writer is killed at, each line is read whole or not at all: a line
without its end or with another checksum is left out, and a note says so. The checksum depends on
the campaign, so a line of another campaign is never read as one of this.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_props.campaign.errors import OtherCampaign
from dropout_props.campaign.identity import Identity

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Chunk", "Header", "Process", "chunk_line", "header_line", "read_chunks", "read_header"]

_FORMAT = "dropout-props campaign 1"


@dataclass(frozen=True)
class Process:
    """The process that wrote a file; no part of the identity of a campaign.

    Attributes:
        host: its part of the work, as `0/3`; empty for a merged file.
        machine: name of the machine.
        device_kind: kind of its devices.
        devices: how many there were.
        where: `device` or `host`, where it counted.
        started: date and time, in UTC.
    """

    host: str
    machine: str
    device_kind: str
    devices: int
    where: str
    started: str


@dataclass(frozen=True)
class Header:
    """The first line of a file."""

    identity: Identity
    process: Process


@dataclass(frozen=True)
class Chunk:
    """One counted chunk.

    Attributes:
        number: its number, from 0.
        milliseconds: what it took.
        kept: int64[kind.size], how often each position of a mask was kept, or both of each two.
    """

    number: int
    milliseconds: int
    kept: NDArray[np.int64]

    @property
    def result(self) -> str:
        """Digits that differ between results."""
        return hashlib.blake2b(self.kept.tobytes(), digest_size=16).hexdigest()


def header_line(header: Header) -> bytes:
    """Return the header as a line."""
    content = {
        "format": _FORMAT,
        "campaign": header.identity.as_json(),
        "process": asdict(header.process),
    }
    return _with_checksum(json.dumps(content, sort_keys=True).encode(), b"")


def chunk_line(chunk: Chunk, identity: Identity) -> bytes:
    """Return a chunk as a line."""
    numbers = (chunk.number, chunk.milliseconds, *chunk.kept.tolist())
    return _with_checksum(" ".join(map(str, numbers)).encode(), identity.digest.encode())


def read_header(line: bytes, path: Path) -> Header | None:
    """Return the header of a first line, or None if the line is torn.

    Raises:
        OtherCampaign: it was written by another version of this package.
    """
    text = _checked(line, b"")
    if text is None:
        return None
    content: Mapping[str, Any] = json.loads(text)
    if content.get("format") != _FORMAT:
        raise OtherCampaign(
            f"{path} has the format {content.get('format')!r}, and this version reads "
            f"{_FORMAT!r}. Continue the campaign with the version that began it, or begin another "
            "in an empty folder."
        )
    return Header(Identity.from_json(content["campaign"]), Process(**content["process"]))


def read_chunks(lines: Iterator[bytes], identity: Identity) -> Iterator[Chunk | str]:
    """Return each chunk of the lines after the header, or why a line is left out."""
    for number, line in enumerate(lines, 2):
        text = _checked(line, identity.digest.encode())
        if text is not None:
            numbers = np.array(text.split(), dtype=np.int64)
            yield Chunk(int(numbers[0]), int(numbers[1]), numbers[2:])
        elif line.endswith(b"\n"):
            yield f"line {number} is damaged, or of another campaign"
        else:
            yield f"line {number} is torn: its writer was stopped in it, or is there now"


def _with_checksum(text: bytes, campaign: bytes) -> bytes:
    return text + b"\t" + _checksum(text, campaign) + b"\n"


def _checked(line: bytes, campaign: bytes) -> bytes | None:
    """Return the text of a line; None if it has no end, or another checksum."""
    text, _, checksum = line.rpartition(b"\t")
    return text if checksum == _checksum(text, campaign) + b"\n" else None


def _checksum(text: bytes, campaign: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=8, key=campaign).hexdigest().encode()
