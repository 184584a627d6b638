"""Masks that are kept, eight units a byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class PackedMask:
    """A mask, eight units a byte.

    Attributes:
        shape: its shape, with a leading axis for each vmap along which it is mapped.
        bits: the units; None if it was not kept.
    """

    shape: tuple[int, ...]
    bits: np.ndarray[Any, Any] | None

    def unpack(self) -> np.ndarray[Any, Any] | None:
        """Give the mask back.

        Returns:
            bool[*shape], or None if it was not kept.
        """
        if self.bits is None:
            return None
        size = int(np.prod(self.shape, dtype=int))
        return np.unpackbits(self.bits, count=size).astype(bool).reshape(self.shape)


def pack(mask: np.ndarray[Any, Any]) -> PackedMask:
    """Pack a mask.

    Args:
        mask: bool[...].

    Returns:
        The mask, eight units a byte.
    """
    return PackedMask(mask.shape, np.packbits(mask, axis=None))
