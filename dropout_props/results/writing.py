"""Writes a text to a file, a device or standard output, or says in one sentence why it cannot.

A regular file is replaced whole or not at all: the text goes to a temporary file in the same
folder, which is then renamed. A device, a pipe or an open descriptor (`/dev/full`, `/dev/fd/3`, a
FIFO) is written to in place and never replaced. `-` and `/dev/stdout` are standard output.

Guarantee: after a failed write the file is unchanged, and no temporary file is left.
Cannot say: whether a device stores what was written to it.
"""

from __future__ import annotations

import errno
import io
import os
import secrets
import stat
import sys
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

__all__ = [
    "STANDARD_OUTPUT",
    "CannotWrite",
    "check_writable",
    "is_standard_output",
    "save",
    "sentence",
    "standard_output_reserved",
]

STANDARD_OUTPUT = Path("-")
"""The path that means standard output."""

_DESCRIPTORS = ("/dev/fd", "/proc/self/fd")  # folders whose entries are open descriptors
_MOST_LINKS = 40  # as many as Linux follows
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class CannotWrite(Exception):
    """A place cannot be written; the text names the place, the reason and the remedy."""


@dataclass(frozen=True)
class _Reserved:
    """Standard output while everything that is printed goes to standard error instead.

    Args:
        stream: the original `sys.stdout`.
        descriptor: a duplicate of its descriptor; None for a stream without one.
    """

    stream: TextIO
    descriptor: int | None


_reserved: list[_Reserved] = []


def sentence(place: Path | str, error: OSError) -> str:
    """Return the sentence about a write that failed.

    Args:
        place: the file, device or stream.
        error: error of the operating system.
    """
    name = "standard output" if place == STANDARD_OUTPUT else place
    remedy = "Free some space, or name" if error.errno in _NO_ROOM else "Name"
    return f"{name}: cannot be written: {error.strerror or error}. {remedy} another place."


def is_standard_output(path: Path) -> bool:
    """Return whether a path is standard output, as `-`, `/dev/stdout` and `/dev/fd/1` are."""
    return _descriptor_of(path) == 1


def check_writable(path: Path) -> None:
    """Check before a run that its result can be written after it.

    Raises:
        CannotWrite: it cannot.
    """
    try:
        fits = _fits(path)
    except OSError as error:
        raise CannotWrite(sentence(path, error)) from error
    if not fits:
        raise CannotWrite(
            f"{path}: cannot be written; its folder must exist and be writable, and it must not "
            "be a folder itself."
        )


def save(text: str, path: Path) -> None:
    """Write a text to a place.

    Args:
        text: written as UTF-8.
        path: a regular file, which is replaced; a link to one, whose target is replaced; or
            anything else that can be written to.

    Raises:
        CannotWrite: writing failed; a regular file is then unchanged.
    """
    data = text.encode("utf-8", errors="backslashreplace")
    try:
        number = _descriptor_of(path)
        if number == 1:
            _to_standard_output(data)
        elif number is not None:
            _write_all(number, data)
        elif _is_special(path):
            with _opened(path, os.O_WRONLY) as file:
                _write_all(file.fileno(), data)
        else:
            _replace(Path(os.path.realpath(path)), data)
    except OSError as error:
        raise CannotWrite(sentence(path, error)) from error


@contextmanager
def standard_output_reserved() -> Iterator[None]:
    """Reserve standard output for `save` while the block runs; all else goes to standard error.

    That includes what a layer or another process prints, if standard output is an open descriptor
    and not a replacement as in a test.
    """
    stream, number, other = sys.stdout, _number_of(sys.stdout), _number_of(sys.stderr)
    stream.flush()
    with ExitStack() as stack:
        own = None
        if number is not None and other is not None:
            own = os.dup(number)
            stack.callback(os.close, own)
            os.dup2(other, number)
            stack.callback(os.dup2, own, number)
            stack.callback(_flush, stream)  # output that bypassed the redirection
        stack.enter_context(redirect_stdout(sys.stderr))
        _reserved.append(_Reserved(stream, own))
        stack.callback(_reserved.pop)
        yield


def _flush(stream: TextIO) -> None:
    with suppress(OSError):
        stream.flush()


def _number_of(stream: TextIO | None) -> int | None:
    """Return the descriptor of a stream, or None for a stream without one."""
    try:
        return None if stream is None else stream.fileno()
    except (AttributeError, ValueError, io.UnsupportedOperation):
        return None


def _descriptor_of(path: Path) -> int | None:
    """Return the number of the open descriptor that a path means, through any links, or None."""
    if path == STANDARD_OUTPUT:
        return 1
    folders = {os.path.realpath(folder) for folder in _DESCRIPTORS}
    for _ in range(_MOST_LINKS):
        path = Path(os.path.realpath(path.parent)) / path.name
        if str(path.parent) in folders and path.name.isascii() and path.name.isdigit():
            return int(path.name)
        try:
            path = path.parent / path.readlink()
        except OSError:  # not a link
            return None
    return None


def _fits(path: Path) -> bool:
    number = _descriptor_of(path)
    if number is not None:
        _check_descriptor(number)
        return True
    if _is_special(path):
        return os.access(path, os.W_OK)
    target = Path(os.path.realpath(path))
    folder = target.parent
    return not target.is_dir() and folder.is_dir() and os.access(folder, os.W_OK)


def _check_descriptor(number: int) -> None:
    """Raise OSError if a descriptor is closed, or open for reading only."""
    if number != 1:
        os.write(number, b"")
        return
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    own = _number_of(sys.stdout)
    if own is not None:
        os.write(own, b"")


def _is_special(path: Path) -> bool:
    """Return whether a path exists and is neither a regular file nor a folder."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _to_standard_output(data: bytes) -> None:
    output = _reserved[-1] if _reserved else _Reserved(sys.stdout, _number_of(sys.stdout))
    if output.stream is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    output.stream.flush()
    if output.descriptor is None:
        output.stream.write(data.decode("utf-8"))
        output.stream.flush()
    else:
        _write_all(output.descriptor, data)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _opened(path: Path, flags: int) -> io.FileIO:
    """Open a file for unbuffered bytes; the umask decides the mode of a new one."""
    flags |= getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
    return io.FileIO(os.open(path, flags, 0o666), "wb")


def _replace(target: Path, data: bytes) -> None:
    temporary = target.with_name(f".dropout-props-{secrets.token_hex(8)}.tmp")
    try:
        with _opened(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as file:
            _copy_permissions(target, file.fileno())
            _write_all(file.fileno(), data)
            os.fsync(file.fileno())  # a full disk may first show here, or at the close
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def _copy_permissions(target: Path, descriptor: int) -> None:
    """Give a new file the permissions of the one that it replaces, and its owner if allowed."""
    try:
        old = target.stat()
    except FileNotFoundError:
        return
    if hasattr(os, "fchown"):
        with suppress(PermissionError):
            os.fchown(descriptor, old.st_uid, old.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
