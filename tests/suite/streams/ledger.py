"""What was issued: the small model that the machine holds Flax against. It knows no framework.

A stream is an origin and a position. A key is named by its path: the origin of the stream that
issued it, then the position. A stream that was made from a key has the path of that key for its
origin. Two keys are to be equal if their paths are, and only then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Ledger", "Path", "Stream"]

Path: TypeAlias = tuple[object, ...]


@dataclass
class Stream:
    """One stream; objects that share it in the framework share it here.

    Attributes:
        origin: path of the key that it was made from; a seed is a path of one.
        position: how many keys it has issued.
    """

    origin: Path
    position: int = 0

    def take(self) -> Path:
        """Issues a key, and returns its path."""
        path = (*self.origin, self.position)
        self.position += 1
        return path

    def restart(self, origin: Path) -> None:
        """Begins again, on another key."""
        self.origin, self.position = origin, 0


class Ledger:
    """Every key that was issued, by its path, and what it showed."""

    def __init__(self) -> None:
        self._shown: dict[Path, bytes] = {}
        self._paths: dict[bytes, Path] = {}

    def enter(self, path: Path, shown: bytes) -> None:
        """Holds what a key showed against all that was issued before.

        Raises:
            AssertionError: one path showed two keys, or two paths one.
        """
        before = self._shown.setdefault(path, shown)
        assert before == shown, f"the sequence does not go on: key {path} is not the one it was"
        other = self._paths.setdefault(shown, path)
        assert other == path, f"a key was issued twice: {path} is {other}"
