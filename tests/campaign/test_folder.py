"""A folder of chunk files is valid whatever happened to its writers."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dropout_props.campaign.chunks import Chunk, Header
from dropout_props.campaign.errors import Contradiction, NotStored, OtherCampaign, Unusable
from dropout_props.campaign.folder import Writer, read_folder, results_in
from dropout_props.campaign.merge import merge
from tests.campaign.made import IDENTITY, PROCESS, at_rate, chunk, write


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Counts of all files are added up, each chunk once, and identity and process come back."""
    first = write(tmp_path, chunk(0), chunk(2))
    second = write(tmp_path, chunk(1), chunk(2), process=replace(PROCESS, host="1/2", devices=8))
    found = read_folder(tmp_path)
    assert found.identity == IDENTITY
    assert found.identity.digest == IDENTITY.digest
    assert sorted(found.chunks) == [0, 1, 2]
    assert found.by_position.tolist() == [27003, 27003, 26994]
    assert (found.chunks[1].kept, found.chunks[1].milliseconds) == (27000, 250)
    assert found.processes[first] == PROCESS
    assert found.processes[second].devices == 8
    assert found.notes == []
    assert read_folder(tmp_path / "none").identity is None


def test_a_file_that_was_cut_at_any_byte_is_valid(tmp_path: Path) -> None:
    """Each line is read whole or not at all, a note says which, and the sum is that of the rest."""
    whole = write(tmp_path, chunk(0), chunk(1), chunk(2)).read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == ord("\n")]
    path = tmp_path / "cut" / "counts-cut.txt"
    path.parent.mkdir()
    for size in (*range(0, ends[0] - 1, 29), *range(ends[0] - 1, len(whole) + 1)):
        path.write_bytes(whole[:size])
        found = read_folder(path.parent)
        lines = sum(end <= size for end in ends)
        assert sorted(found.chunks) == list(range(max(0, lines - 1)))
        assert found.by_position.sum() == 27000 * len(found.chunks)
        assert bool(found.notes) == (size not in ends)
        if size > ends[0] and found.notes:
            assert found.notes == [
                (
                    f"{path}: line {lines + 1} is torn: its writer was stopped in it, or is there "
                    "now; the line is left out, its chunk counted again"
                )
            ]


def test_a_damaged_line_is_left_out(tmp_path: Path) -> None:
    """A digit that changed on the disk does not enter the sum."""
    path = write(tmp_path, chunk(0), chunk(1))
    path.write_bytes(path.read_bytes().replace(b"1 250 9001", b"1 250 9002"))
    found = read_folder(tmp_path)
    assert sorted(found.chunks) == [0]
    assert found.notes == [
        (
            f"{path}: line 3 is damaged, or of another campaign; the line is left out, "
            "its chunk counted again"
        )
    ]


def test_a_line_of_another_campaign_is_left_out(tmp_path: Path) -> None:
    """Its checksum is that of its own campaign, wherever it was copied to."""
    path = write(tmp_path, chunk(0))
    foreign = write(tmp_path / "other", chunk(1), identity=at_rate(0.2))
    path.write_bytes(path.read_bytes() + foreign.read_bytes().splitlines(keepends=True)[1])
    found = read_folder(tmp_path)
    assert sorted(found.chunks) == [0]
    assert "line 3 is damaged, or of another campaign" in found.notes[0]


def test_two_campaigns_in_one_folder_are_refused(tmp_path: Path) -> None:
    """The message names both files and what differs."""
    one = write(tmp_path, chunk(0))
    two = write(tmp_path, chunk(1), identity=at_rate(0.2, run_seed=7))
    first, second = sorted([one, two])
    there, here = ("0.1", "0.2") if first == one else ("0.2", "0.1")
    seeds = "0, 7" if first == one else "7, 0"
    with pytest.raises(OtherCampaign) as caught:
        read_folder(tmp_path)
    assert str(caught.value) == (
        f"{first} and {second} belong to different campaigns: rate: {there}, {here}; run_seed: "
        f"{seeds}. Their integers do not add up. Give each campaign a folder of its own."
    )


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    """A later version may mean something else by its lines."""
    from dropout_props.campaign import chunks

    path = write(tmp_path, chunk(0))
    header, line = path.read_bytes().splitlines(keepends=True)
    text = header.rpartition(b"\t")[0].replace(b"campaign 1", b"campaign 2")
    path.write_bytes(chunks._with_checksum(text, b"") + line)
    with pytest.raises(OtherCampaign, match="has the format 'dropout-props campaign 2'"):
        read_folder(tmp_path)


def test_a_contradicting_chunk_is_refused(tmp_path: Path) -> None:
    """Equal keys give equal masks, so the two files are named, and what names the wrong one."""
    write(tmp_path, chunk(0), chunk(1))
    write(tmp_path, chunk(1, 9001, 9001, 9000))
    found = read_folder(tmp_path)
    assert list(found.contradictions) == [1]
    with pytest.raises(Contradiction) as caught:
        found.consistent()
    message = str(caught.value)
    assert message.startswith("chunk 1 was counted twice, with different results: in ")
    for path in tmp_path.glob("counts-*.txt"):
        assert str(path) in message
    assert "`dropout-props campaign verify` counts the chunk again" in message


class _Disk:
    """A disk that has room for so many more bytes."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._write = os.write

    def write(self, file: int, data: bytes) -> int:
        """Write what fits, and fail when nothing does."""
        if self._room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = self._write(file, data[: self._room])
        self._room -= taken
        return taken


@pytest.mark.parametrize("truncates", [True, False])
def test_a_full_disk_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, truncates: bool
) -> None:
    """The chunks before are there, the message names file and remedy, and work goes on later."""
    writer = Writer(tmp_path, Header(IDENTITY, PROCESS))
    writer.add(chunk(0))
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", _Disk(20).write)
        if not truncates:
            patch.setattr(os, "ftruncate", _fails)
        with pytest.raises(NotStored) as caught:
            writer.add(chunk(1))
    writer.close()
    assert str(caught.value) == (
        f"{writer.path}: cannot be written: No space left on device. Free some space, or name "
        "another place."
    )
    found = read_folder(tmp_path)
    assert sorted(found.chunks) == [0]
    assert bool(found.notes) != truncates
    write(tmp_path, chunk(1))
    assert read_folder(tmp_path).by_position.sum() == 54000


def _fails(*_: object) -> None:
    raise OSError(errno.EIO, "Input/output error")


def test_a_disk_that_is_full_at_the_start_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A header is there whole or not at all."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", _Disk(20).write)
        with pytest.raises(NotStored, match="Free some space"):
            Writer(tmp_path, Header(IDENTITY, PROCESS))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NotStored, match="cannot be written"):
        Writer(write(tmp_path, chunk(0)), Header(IDENTITY, PROCESS))


def test_files_that_are_gone_or_cannot_be_read(tmp_path: Path) -> None:
    """One that went while others are read has no chunks; one that cannot be read is named."""
    write(tmp_path, chunk(0))
    gone = tmp_path / "counts-gone.txt"
    gone.symlink_to(tmp_path / "nothing")
    assert sorted(read_folder(tmp_path).chunks) == [0]
    assert read_folder(tmp_path).notes == []
    assert [one.number for _, _, one in results_in(tmp_path)] == [0]
    gone.unlink()
    gone.mkdir()
    for read in (read_folder, lambda folder: list(results_in(folder))):
        with pytest.raises(Unusable, match=r"gone.txt cannot be read: Is a directory. Let"):
            read(tmp_path)
    with pytest.raises(Unusable, match="cannot be read: Not a directory"):
        read_folder(write(tmp_path / "a", chunk(0)))


def test_merging_copies_each_chunk_once(tmp_path: Path) -> None:
    """Two folders become one, with the same sums and the kinds of device; the sources stay."""
    write(tmp_path / "a", chunk(0), chunk(1))
    write(tmp_path / "b", chunk(1), chunk(2), process=replace(PROCESS, device_kind="tpu v5e"))
    write(tmp_path / "into", chunk(0))
    assert merge([tmp_path / "a", tmp_path / "b"], tmp_path / "into") == 2
    found = read_folder(tmp_path / "into")
    assert sorted(found.chunks) == [0, 1, 2]
    assert found.by_position.sum() == 81000
    assert {one.device_kind for one in found.processes.values()} == {"cpu", "tpu v5e"}
    assert merge([tmp_path / "a", tmp_path / "b"], tmp_path / "into") == 0
    assert sorted(read_folder(tmp_path / "a").chunks) == [0, 1]


def test_merging_refuses_what_does_not_add_up(tmp_path: Path) -> None:
    """Another campaign, a contradiction between folders, and nothing at all."""
    write(tmp_path / "a", chunk(0))
    write(tmp_path / "b", chunk(0, 1, 2, 3))
    write(tmp_path / "c", chunk(5), identity=at_rate(0.2))
    with pytest.raises(Contradiction, match="chunk 0 has different results"):
        merge([tmp_path / "a", tmp_path / "b"], tmp_path / "into")
    with pytest.raises(OtherCampaign, match=r"hold different campaigns: rate: 0.1, 0.2"):
        merge([tmp_path / "a", tmp_path / "c"], tmp_path / "into")
    with pytest.raises(Unusable, match=r"d: there is no such folder. Nothing was merged"):
        merge([tmp_path / "a", tmp_path / "d"], tmp_path / "into")
    (tmp_path / "d").mkdir()
    with pytest.raises(Unusable, match="there is no campaign"):
        merge([tmp_path / "d"], tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_large_counts_are_exact(tmp_path: Path) -> None:
    """Sums beyond 2**32 and 2**53 keep every unit."""
    write(tmp_path, *(chunk(number, 2**52 + 1, 2**52, 1) for number in range(3)))
    found = read_folder(tmp_path)
    assert found.by_position.tolist() == [3 * 2**52 + 3, 3 * 2**52, 3]
    assert found.by_position.dtype == np.int64
    assert found.chunks[0].kept == 2**53 + 2
    assert isinstance(found.chunks[0].kept, int)


def test_equal_results_of_one_chunk_have_one_digest() -> None:
    """The time that a chunk took is no part of its result."""
    assert chunk(3, milliseconds=1).result == chunk(3, milliseconds=9).result
    assert chunk(3).result != Chunk(3, 250, chunk(3).kept + 1).result
