"""How much evidence an exact explanation needs, in bits of surprise under a correct layer."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dropout_props.statistics import Interval

__all__ = ["agreement_bits", "enough"]

_NEEDED = 64.0


def agreement_bits(keep: Interval) -> float:
    """Return the bits of surprise where two independent units agree; 0 where they always do."""
    middle = (keep.lowest + keep.highest) / 2
    return -log2(middle**2 + (1.0 - middle) ** 2)


def enough(bits: float) -> bool:
    """Return whether chance cannot explain what was seen."""
    return bits >= _NEEDED
