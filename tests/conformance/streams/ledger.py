"""The ledger of issued keys: a small model, without a framework, that Flax is compared with.

A stream is an origin and a position. The path of a key is the origin of the stream that issued it,
then the position. The origin of a stream that was made from a key is the path of that key. Two
keys must be equal if, and only if, their paths are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Ledger", "Path", "Stream"]

Path: TypeAlias = tuple[object, ...]


@dataclass
class Stream:
    """One stream; objects that share it in the framework share this object.

    Attributes:
        origin: path of the key that the stream was made from; for a seed, a path of length 1.
        position: number of keys that the stream has issued.
    """

    origin: Path
    position: int = 0

    def take(self) -> Path:
        """Issue a key, and return its path."""
        path = (*self.origin, self.position)
        self.position += 1
        return path

    def restart(self, origin: Path) -> None:
        """Start again on another key."""
        self.origin, self.position = origin, 0


class Ledger:
    """Every issued key: its path, and the mask that it gave."""

    def __init__(self) -> None:
        self._masks: dict[Path, bytes] = {}
        self._paths: dict[bytes, Path] = {}

    def enter(self, path: Path, mask: bytes) -> None:
        """Compare the mask of a key with those of all keys that were issued before.

        Raises:
            AssertionError: one path gave two masks, or two paths gave one.
        """
        before = self._masks.setdefault(path, mask)
        assert before == mask, f"the sequence does not go on: key {path} is not the one it was"
        other = self._paths.setdefault(mask, path)
        assert other == path, f"a key was issued twice: {path} is {other}"
