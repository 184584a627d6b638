"""A mask as lines of text, from which a report draws a picture: "1" for a unit that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

__all__ = ["ROWS", "UNITS", "mask_text"]

ROWS, UNITS = 8, 48
"""The most lines, and the most units of a line."""


def mask_text(mask: np.ndarray[Any, Any]) -> tuple[str, ...]:
    """Return the first units of a mask.

    Args:
        mask: bool[*shape]; the first axis is that of the examples, where there are two or more.

    Returns:
        One line for each example, with its first units in the order of memory.
    """
    table = mask.reshape(mask.shape[0] if mask.ndim > 1 else 1, -1)[:ROWS, :UNITS]
    return tuple("".join("1" if kept else "0" for kept in row) for row in table)
