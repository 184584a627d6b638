"""Finds units whose parity is the same in every mask, by the rank of the masks over GF(2).

Question: is there a set of units of which an even number, or an odd number, is kept in every mask?
Guarantee: a returned set is such a set, and None means that there is no such set. With independent
units the chance of any such set is at most ``2**log2_chance_of_fixed_parity``; ``num_masks_for``
returns the number of masks that makes it so small that no error budget is needed.
Cannot say: anything about a parity that is odd too often but not always; counts detect those.

A unit that copies another one, a checksum and a shift register each fix a parity. All 2**n sets of
n units are covered. The masks are the rows of a matrix, with a column of ones beside the units; a
fixed parity is a linear dependence between columns, so the matrix is rank-deficient.

For a set of w units the parity is even with probability (1 + (1 - 2 * keep)**w) / 2; summing both
parities of all sets over m masks gives the bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, log1p
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import gammaln, logsumexp

from dropout_props.statistics.arguments import require_at_least_one
from dropout_props.statistics.trials import Interval, as_probability

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FixedParity", "fixed_parity", "log2_chance_of_fixed_parity", "num_masks_for"]


@dataclass(frozen=True)
class FixedParity:
    """Units of which an even number, or an odd number, is kept in every mask.

    Args:
        units: their indices in a mask, ascending.
        is_odd: whether the number is odd.
    """

    units: tuple[int, ...]
    is_odd: bool


def log2_chance_of_fixed_parity(num_units: int, num_masks: int, keep: Interval | float) -> float:
    """Return an upper bound of the chance that independent units have any fixed parity.

    Args:
        num_units: units of a mask.
        num_masks: number of independent masks.
        keep: the keep probability, a number or an interval.

    Returns:
        The logarithm of the bound to base 2.
    """
    require_at_least_one(num_units=num_units, num_masks=num_masks)
    ends = as_probability(keep)
    lean = max(abs(1.0 - 2.0 * end) for end in ends)
    sizes = np.arange(1, num_units + 1)
    log_sets = gammaln(num_units + 1) - gammaln(sizes + 1) - gammaln(num_units - sizes + 1)
    log_even = np.array([log1p(lean ** int(size)) for size in sizes]) - log(2)
    log_chance = float(logsumexp(log_sets + num_masks * log_even)) + log(2)
    return min(log_chance / log(2), 0.0)


def num_masks_for(num_units: int, keep: Interval | float, *, log2_chance: float = -64.0) -> int:
    """Return a number of masks with a chance below 2**log2_chance: the least, to one part in 16.

    Args:
        num_units: units of a mask.
        keep: the keep probability.
        log2_chance: the allowed chance, as in ``log2_chance_of_fixed_parity``.

    Raises:
        ValueError: a unit that is always or never kept has a fixed parity in any number of masks.
    """
    ends = as_probability(keep)
    if ends.highest == 1.0 or ends.lowest == 0.0:
        msg = f"keep={keep!r}: where every unit may be kept, or dropped, all parities are fixed."
        raise ValueError(msg)
    num_masks = num_units + 1
    while log2_chance_of_fixed_parity(num_units, num_masks, keep) > log2_chance:
        num_masks += 1 + num_masks // 16
    return num_masks


def fixed_parity(masks: NDArray[np.bool_]) -> FixedParity | None:
    """Return a set of units with a fixed parity, or None if there is no such set.

    Args:
        masks: bool[num_masks, num_units].

    Returns:
        The first unit that is determined by units before it, together with these units.
    """
    num_masks, num_units = masks.shape
    ones = np.ones((num_masks, 1), dtype=bool)
    columns = np.packbits(np.concatenate([ones, masks], axis=1), axis=0)
    # Each column as one integer, reduced by the columns before it; beside it, the columns added.
    basis: dict[int, tuple[int, int]] = {}
    for number in range(num_units + 1):
        value: Any = int.from_bytes(columns[:, number].tobytes(), "big")
        added = 1 << number
        while value:
            top = value.bit_length()
            if top not in basis:
                basis[top] = value, added
                break
            value, added = value ^ basis[top][0], added ^ basis[top][1]
        else:
            units = tuple(unit for unit in range(num_units) if added >> (unit + 1) & 1)
            return FixedParity(units, is_odd=bool(added & 1))
    return None
