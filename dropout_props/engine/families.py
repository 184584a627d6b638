"""The families of one block, which must be those of every block for their counts to add up.

Guarantee: the error names the first few families that changed, and ends in what to do; it is short
enough to be printed whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dropout_props.statistics import Trials

__all__ = ["ChangedFamilies", "require_same"]

_NAMED = 3  # families that are named
_LABEL = 16  # characters of a label that are printed
_CUT = "…"


class ChangedFamilies(ValueError):
    """A block has other families than the first one."""


def require_same(first: Sequence[Trials], drawn: Sequence[Trials], *, block: int) -> None:
    """Raise unless two blocks have the same families in the same order.

    Args:
        first: the families of block 0.
        drawn: those of another block.
        block: its number.

    Raises:
        ChangedFamilies: they differ; the text names how.
    """
    before, now = list(map(_key, first)), list(map(_key, drawn))
    if before == now:
        changed = [
            _key(one) for one, other in zip(first, drawn, strict=True) if not _same_null(one, other)
        ]
        if not changed:
            return
        how = f"it changes the probabilities of {_few(changed)}"
    else:
        lacks = [key for key in before if key not in now]
        more = [key for key in now if key not in before]
        parts = {"it lacks": lacks, "it adds": more}
        how = ", and ".join(f"{word} {_few(keys)}" for word, keys in parts.items() if keys)
        how = how or "they have another order or number"
    raise ChangedFamilies(
        f"block {block} has other families of counts than block 0: {how}. Return the same ones "
        "from every block, in one order: same labels, numbers of members and probabilities."
    )


def _key(family: Trials) -> tuple[str, int]:
    return family.label, len(family)


def _few(keys: Sequence[tuple[str, int]]) -> str:
    """Return the first few families in words, and the number of the others."""
    named = [
        f"{label if len(label) <= _LABEL else label[:_LABEL].rstrip() + _CUT} (of {number})"
        for label, number in keys[:_NAMED]
    ]
    rest = len(keys) - _NAMED
    return ", ".join(named) + (f" and {rest} more" if rest > 0 else "")


def _same_null(one: Trials, other: Trials) -> bool:
    return np.array_equal(one.lowest, other.lowest) and np.array_equal(one.highest, other.highest)
