"""How many blocks to draw, so that correct code is hardly ever left undecided.

Question: after how many blocks of trials is correct code decided, except with a given probability?
Guarantee: the probability is a sum of exact binomial tails over all members and both sides, each at
the end of the null where it is largest. There is no normal approximation, which is wrong by orders
of magnitude where successes are rare.
Cannot say: how soon the decision comes, which is much earlier (``expected_num_trials``).

An edge that was ruled out once stays ruled out (``excluded_sides`` is valid at any moment), so a
member is open after n trials only if the counts of these n trials alone do not rule out its edges.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc

from dropout_props.statistics.arguments import require_inside
from dropout_props.statistics.trials import EDGE_ROUNDING, Trials

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["blocks_to_decide", "chance_undecided"]

_MOST_BLOCKS = 2**40
_ROUNDING = 1e-9  # a bound on a count this close to an integer is taken for the integer below


def chance_undecided(
    families: Sequence[tuple[Trials, ArrayLike]], blocks: int, *, false_pass_rate: float
) -> float:
    """Return a bound on the chance that any member of correct code is open after these blocks.

    Args:
        families: the counts of one block, of which only the trials and nulls are used, and the
            discrepancy of each member, as ``excluded`` takes it.
        blocks: the number of blocks, each with the same trials.
        false_pass_rate: as ``excluded`` takes it.
    """
    require_inside(false_pass_rate=false_pass_rate)
    return _chance(_distinct(families), blocks, -math.log(false_pass_rate))


def blocks_to_decide(
    families: Sequence[tuple[Trials, ArrayLike]], *, false_pass_rate: float, undecided_rate: float
) -> int:
    """Return the fewest blocks after which correct code is open with at most ``undecided_rate``.

    Args:
        families: as in ``chance_undecided``.
        false_pass_rate: as in ``chance_undecided``.
        undecided_rate: the allowed chance, in (0, 1).

    Raises:
        ValueError: a member has no trials, so that no number of blocks decides it.
    """
    require_inside(undecided_rate=undecided_rate, false_pass_rate=false_pass_rate)
    for family, _ in families:
        if np.any(family.trials == 0):
            msg = (
                f"{family!r}: a member without trials is never decided. Leave it out of its family."
            )
            raise ValueError(msg)

    members, needed = _distinct(families), -math.log(false_pass_rate)

    def suffices(blocks: int) -> bool:
        return _chance(members, blocks, needed) <= undecided_rate

    enough = 1
    while not suffices(enough):
        enough *= 2
        if enough > _MOST_BLOCKS:
            msg = f"undecided_rate={undecided_rate!r}: no number of blocks reaches it."
            raise ValueError(msg)
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if suffices(middle) else (middle, enough)
    return enough


def _distinct(families: Sequence[tuple[Trials, ArrayLike]]) -> tuple[Floats, Floats]:
    """Return trials, null and discrepancy of each distinct member, and how often each occurs.

    Most of a thousand members have the same numbers, so that the tail of each is computed once.
    """
    columns = [
        np.stack(
            [family.trials, family.lowest, family.highest, np.broadcast_to(shift, len(family))]
        )
        for family, shift in families
    ]
    distinct, times = np.unique(np.concatenate(columns, axis=1), axis=1, return_counts=True)
    return distinct.astype(np.float64), times.astype(np.float64)


def _chance(members: tuple[Floats, Floats], blocks: int, needed: float) -> float:
    (trials, lowest, highest, shift), times = members
    above = _open(trials * blocks, highest, shift, needed)
    below = _open(trials * blocks, 1.0 - lowest, shift, needed)
    return min(float(np.sum(times * (above + below))), 1.0)


def _open(trials: Floats, null: Floats, shift: Floats, needed: float) -> Floats:
    """Return the chance at the null that so many trials do not rule out the edge above it.

    The edge is ruled out when failures * gain - successes * loss >= needed, so by at most a certain
    number of successes: the chance is that of more.
    """
    edge = null + shift
    exists = edge <= 1.0 + EDGE_ROUNDING
    edge = np.minimum(edge, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.log1p(-null) - np.log1p(-edge)  # evidence of a failure
        loss = np.log(edge) - np.log(null)  # evidence of a success, against
        most = (trials * gain - needed) / (gain + loss)
        most = np.floor(most - _ROUNDING * (1.0 + np.abs(most)))
    most = np.where(np.isposinf(gain), trials - 1.0, most)  # an edge of 1: one failure decides
    certain = null == 0.0  # correct code never succeeds: all trials fail
    most = np.where(certain, np.where(trials * gain >= needed, trials, -1.0), most)
    most = np.clip(np.nan_to_num(most, nan=-1.0), -1.0, trials)
    # P(more than `most` successes); it is 1 where even no success does not suffice.
    tail = betainc(np.maximum(most + 1.0, 0.5), np.maximum(trials - most, 0.5), null)
    tail = np.where(most < 0, 1.0, np.where(most >= trials, 0.0, tail))
    return np.where(exists, tail, 0.0)
