"""The folder of a campaign: all its files read together, and a file to write to.

Guarantee: a chunk is added up once, however often it was counted; counts that contradict each other
are found; a file is written by the process that made it, and by no other. Each chunk is flushed to
disk before the next begins, and a write that fails leaves all earlier lines as they are.
Cannot say: whether two equal counts are right; `verify` counts a sample of them again.
"""

from __future__ import annotations

import fnmatch
import os
import secrets
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dropout_props.campaign.chunks import (
    Chunk,
    Header,
    chunk_line,
    header_line,
    read_chunks,
    read_header,
)
from dropout_props.campaign.errors import Contradiction, NotStored, OtherCampaign, Unusable
from dropout_props.results.writing import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from dropout_props.campaign.chunks import Process
    from dropout_props.campaign.identity import Identity

__all__ = ["Contents", "Counted", "Writer", "read_folder", "results_in"]

_PATTERN = "counts-*.txt"


@dataclass(frozen=True)
class Counted:
    """A chunk of the folder, without each of its counts.

    Attributes:
        path: the file that holds it.
        milliseconds: what it took.
        kept: units that were kept, in all positions; or successes of another `Kind`.
        result: digits that differ between results.
    """

    path: Path
    milliseconds: int
    kept: int
    result: str


@dataclass
class Contents:
    """All that the files of a folder hold.

    Attributes:
        identity: of the campaign; None while no file has a whole header.
        by_position: int64[kind.size], the counts of each position, or pair, in all chunks.
        chunks: each chunk once, by its number.
        processes: the process that wrote each file.
        contradictions: other results of chunks that are in `chunks`, by number.
        notes: sentences about lines and files that were left out.
    """

    identity: Identity | None = None
    by_position: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    chunks: dict[int, Counted] = field(default_factory=dict)
    processes: dict[Path, Process] = field(default_factory=dict)
    contradictions: dict[int, list[Counted]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def consistent(self) -> Contents:
        """Return these contents.

        Raises:
            Contradiction: a chunk has two results.
        """
        for number, others in sorted(self.contradictions.items()):
            raise Contradiction(
                f"chunk {number} was counted twice, with different results: in "
                f"{self.chunks[number].path} and in {others[0].path}. Equal keys give equal masks, "
                "so one of the two devices, or the layer, is not reliable. `dropout-props campaign "
                "verify` counts the chunk again and names the wrong file; move that one away."
            )
        return self


def read_folder(folder: Path) -> Contents:
    """Read all files of a folder; one that does not exist is empty.

    Raises:
        OtherCampaign: two files belong to different campaigns.
        Unusable: a file cannot be read.
    """
    contents = Contents()
    first = None
    for path in _files(folder):
        with _opened(path) as lines:
            if lines is None:
                continue
            header = read_header(next(lines, b""), path)
            if header is None:
                contents.notes.append(f"{path}: it has no whole header, and was left out")
                continue
            if contents.identity is None:
                contents.identity, first = header.identity, path
                contents.by_position = np.zeros(header.identity.kind.size, np.int64)
            elif header.identity != contents.identity:
                raise OtherCampaign(
                    f"{first} and {path} belong to different campaigns: "
                    f"{contents.identity.difference(header.identity)}. Their integers do not add "
                    "up. Give each campaign a folder of its own."
                )
            contents.processes[path] = header.process
            for one in read_chunks(lines, header.identity):
                if isinstance(one, str):
                    contents.notes.append(
                        f"{path}: {one}; the line is left out, its chunk counted again"
                    )
                else:
                    _add(contents, one, path, header.identity)
    return contents


def _add(contents: Contents, chunk: Chunk, path: Path, identity: Identity) -> None:
    """Add a chunk once: an equal one adds nothing, and another is a contradiction."""
    successes = identity.kind.successes(chunk.kept, identity.chunk_masks)
    counted = Counted(path, chunk.milliseconds, successes, chunk.result)
    known = contents.chunks.setdefault(chunk.number, counted)
    if known is counted:
        contents.by_position += chunk.kept
    elif known.result != counted.result:
        contents.contradictions.setdefault(chunk.number, []).append(counted)


def results_in(folder: Path) -> Iterator[tuple[Path, Process, Chunk]]:
    """Return every whole chunk of every file, also one that is there twice.

    Raises:
        Unusable: a file cannot be read.
    """
    for path in _files(folder):
        with _opened(path) as lines:
            if lines is None:
                continue
            header = read_header(next(lines, b""), path)
            if header is None:
                continue
            for one in read_chunks(lines, header.identity):
                if isinstance(one, Chunk):
                    yield path, header.process, one


def _files(folder: Path) -> list[Path]:
    """Return the chunk files of a folder; one that does not exist has none.

    Raises:
        Unusable: the folder cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if fnmatch.fnmatch(path.name, _PATTERN))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(folder, error) from error


@contextmanager
def _opened(path: Path) -> Iterator[Iterator[bytes] | None]:
    """Open a chunk file; None if it is gone since it was listed.

    Raises:
        Unusable: it cannot be read.
    """
    try:
        lines = path.open("rb")
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise _unreadable(path, error) from error
    with lines:
        try:
            yield lines
        except OSError as error:
            raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> Unusable:
    return Unusable(
        f"{path} cannot be read: {error.strerror or error}. Let this user read every counts-*.txt "
        "of the campaign, or move the file away: its chunks are then counted again."
    )


class Writer:
    """A new file of this process; nobody else writes to it.

    Args:
        folder: the folder of the campaign; it is made if it does not exist.
        header: what the file begins with.

    Attributes:
        path: the file.

    Raises:
        NotStored: the file cannot be made.
    """

    def __init__(self, folder: Path, header: Header) -> None:
        self._identity = header.identity
        self._size = 0
        name = secrets.token_hex(6)
        self.path = folder / f"counts-{name}.txt"
        # It is renamed once its header is whole, so that no other process reads half of one.
        temporary = folder / f".counts-{name}.tmp"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except OSError as error:
            raise NotStored(sentence(folder, error)) from error
        try:
            self._append(header_line(header))
            temporary.rename(self.path)
        except BaseException as error:
            self.close()
            with suppress(OSError):
                temporary.unlink()
            if isinstance(error, OSError):
                raise NotStored(sentence(self.path, error)) from error
            raise

    def add(self, chunk: Chunk) -> None:
        """Write a chunk, and flush it to disk.

        Raises:
            NotStored: it cannot be written; the file ends after the chunk before it.
        """
        try:
            self._append(chunk_line(chunk, self._identity))
        except OSError as error:
            raise NotStored(sentence(self.path, error)) from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _append(self, line: bytes) -> None:
        rest = line
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fsync(self._file)
        except OSError:
            with suppress(OSError):  # what is torn would be left out; it need not be there
                os.ftruncate(self._file, self._size)
            raise
        self._size += len(line)
