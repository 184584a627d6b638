"""A file is replaced whole or not at all; a device, pipe or descriptor is written to in place."""

import errno
import io
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dropout_props.results import writing
from dropout_props.results.writing import (
    CannotWrite,
    check_writable,
    save,
    standard_output_reserved,
)

NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
SENTENCE = "cannot be written: No space left on device. Free some space, or name another place."


def _raise(*_: Any, **__: Any) -> Any:
    raise NO_SPACE


def _refuses_to_close(path: Path, flags: int) -> io.FileIO:
    class Late(io.FileIO):
        def close(self) -> None:
            was_closed = self.closed
            super().close()
            if not was_closed:
                raise NO_SPACE

    return Late(os.open(path, flags, 0o666), "wb")


FULL: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "write": lambda patch: patch.setattr(os, "write", _raise),
    "fsync": lambda patch: patch.setattr(os, "fsync", _raise),
    "close": lambda patch: patch.setattr(writing, "_opened", _refuses_to_close),
    "rename": lambda patch: patch.setattr(Path, "replace", _raise),
}


@pytest.mark.parametrize("when", FULL)
@pytest.mark.parametrize("before", ["old", None])
def test_a_full_disk_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str, before: str | None
) -> None:
    """One sentence with place, reason and remedy; the old text or none; no temporary file."""
    path = tmp_path / "a.json"
    if before is not None:
        path.write_text(before)
    with monkeypatch.context() as patch:
        FULL[when](patch)
        with pytest.raises(CannotWrite) as caught:
            save("new", path)
    assert str(caught.value) == f"{path}: {SENTENCE}"
    assert [one.read_text() for one in tmp_path.iterdir()] == ([] if before is None else [before])


def test_an_interrupted_write_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the middle of a write is raised again, and the folder is unchanged."""

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        save("new", tmp_path / "a.json")
    assert not list(tmp_path.iterdir())


def test_a_text_is_on_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole text was synchronised when the file is renamed."""
    path, seen = tmp_path / "a.json", []

    def synchronised(descriptor: int) -> None:
        [temporary] = tmp_path.iterdir()
        seen.append((os.fstat(descriptor).st_ino, temporary.read_text(), path.exists()))

    monkeypatch.setattr(os, "fsync", synchronised)
    save("new", path)
    assert seen == [(path.stat().st_ino, "new", False)]


def test_permissions_stay_and_new_ones_follow_the_umask(tmp_path: Path) -> None:
    """A file of 0640 stays one; a new file is as private as the umask asks for."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("old")
    old.chmod(0o640)
    before = os.umask(0o077)
    try:
        save("text", old)
        save("text", new)
    finally:
        os.umask(before)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (old, new)] == [0o640, 0o600]


@pytest.mark.parametrize("exists", [True, False])
def test_the_target_of_a_link_is_replaced(tmp_path: Path, *, exists: bool) -> None:
    """Through two links, in another folder, whether the target is there or not; the links stay."""
    folder = tmp_path / "folder"
    folder.mkdir()
    if exists:
        (folder / "a.json").write_text("old")
    first, second = tmp_path / "first", tmp_path / "second"
    second.symlink_to(Path("folder") / "a.json")
    first.symlink_to(second)
    check_writable(first)
    save("new", first)
    assert first.is_symlink()
    assert second.is_symlink()
    assert (folder / "a.json").read_text() == "new"
    assert len(list(tmp_path.rglob("*"))) == 4


def test_a_pipe_with_a_name_is_written_to(tmp_path: Path) -> None:
    """The reader of a FIFO gets the text, and the FIFO remains one."""
    path, read = tmp_path / "fifo", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: read.append(path.read_text()), daemon=True)
    reader.start()
    check_writable(path)
    save("new", path)
    reader.join(10)
    assert read == ["new"]
    assert stat.S_ISFIFO(path.lstat().st_mode)


def test_a_full_device_is_one_sentence_and_stays_a_device() -> None:
    """A write to `/dev/full` fails, and does not replace the device."""
    path = Path("/dev/full")
    check_writable(path)
    with pytest.raises(CannotWrite) as caught:
        save("new", path)
    assert str(caught.value) == f"/dev/full: {SENTENCE}"
    assert stat.S_ISCHR(path.lstat().st_mode)


def test_an_empty_device_takes_everything() -> None:
    """A write to `/dev/null` succeeds, and does not replace the device."""
    save("new", Path("/dev/null"))
    assert stat.S_ISCHR(Path("/dev/null").lstat().st_mode)


def test_an_open_descriptor_is_written_at_its_position(tmp_path: Path) -> None:
    """The text is added behind what was written to `/dev/fd/N` before."""
    path = tmp_path / "log"
    with path.open("w") as file:
        file.write("before, ")
        file.flush()
        place = Path(f"/dev/fd/{file.fileno()}")
        check_writable(place)
        save("after", place)
    assert path.read_text() == "before, after"
    assert not list(tmp_path.glob(".*"))


def test_a_descriptor_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    """One that is open for reading only, and one that is closed."""
    path = tmp_path / "log"
    path.touch()
    with path.open() as file:
        place = Path(f"/dev/fd/{file.fileno()}")
        with pytest.raises(CannotWrite, match="Bad file descriptor"):
            check_writable(place)
    with pytest.raises(CannotWrite, match="Bad file descriptor"):
        check_writable(place)


@pytest.mark.parametrize("name", ["missing/a.json", "folder", "file/a.json", "loop"])
def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path: Path, name: str) -> None:
    """A missing folder, a folder, a folder that is a file, a link to itself."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(CannotWrite, match="cannot be written"):
        check_writable(tmp_path / name)
    with pytest.raises(CannotWrite, match="cannot be written"):
        save("new", tmp_path / name)
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_holds_the_text_alone(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """While it is reserved for a text, everything that is printed goes to standard error."""
    check_writable(Path(name))
    assert writing.is_standard_output(Path(name))
    print("before")  # noqa: T201
    with standard_output_reserved():
        print("a report")  # noqa: T201
        save("the text\n", Path(name))
        print("more")  # noqa: T201
    print("after")  # noqa: T201
    printed = capsys.readouterr()
    assert printed.out == "before\nthe text\nafter\n"
    assert printed.err == "a report\nmore\n"


def test_a_text_that_is_not_valid_unicode_is_written(tmp_path: Path) -> None:
    """A lone surrogate, as in some file names, is escaped."""
    save("a\udcff", tmp_path / "a.md")
    assert (tmp_path / "a.md").read_text() == "a\\udcff"
