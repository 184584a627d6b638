"""Fixed-sample design: the trials that a test needs, and the discrepancy that n trials detect.

Question: is a test of n trials, counted once, within both a false_fail_rate and, at a given
discrepancy, a false_pass_rate?
Guarantee: the test is the exact two-sided binomial test, each tail with half of false_fail_rate;
its error rates are sums of binomial probabilities, without a normal approximation.
Cannot say: the trials of a sequential test, which are fewer (``expected_num_trials``).

The power of a binomial test rises with n in saw teeth, since the counts at which it rejects are
integers. ``min_num_trials`` returns the smallest n that suffices; a few larger n may miss by the
height of a tooth. More trials than n suffice too, if the surplus is not counted.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc, betaincc

from dropout_props.statistics.arguments import require_at_least_one, require_inside
from dropout_props.statistics.binomial import at_most, first_integer, more_than
from dropout_props.statistics.quantile import probability_below
from dropout_props.statistics.trials import EDGE_ROUNDING, Interval, as_probability

__all__ = [
    "Side",
    "is_enough",
    "min_discrepancy",
    "min_num_trials",
    "rejected_counts",
    "sides",
]

_NEARLY = 1 - 1e-7


class Side(NamedTuple):
    """One side of a two-sided test, oriented so that the fault is above the null.

    For the lower side, ``null`` and ``edge`` are probabilities that the trial fails.
    """

    null: float
    edge: float
    is_above: bool


def sides(probability: Interval | float, discrepancy: float) -> list[Side]:
    """Return the sides on which a success probability at that distance from the null exists.

    Raises:
        ValueError: the discrepancy is not in (0, 1), or there is no such probability.
    """
    ends = as_probability(probability)
    require_inside(discrepancy=discrepancy)
    both = [
        Side(ends.highest, ends.highest + discrepancy, is_above=True),
        Side(1 - ends.lowest, 1 - ends.lowest + discrepancy, is_above=False),
    ]
    exist = [
        side._replace(edge=min(side.edge, 1.0)) for side in both if side.edge <= 1 + EDGE_ROUNDING
    ]
    if not exist:
        msg = (
            f"discrepancy={discrepancy!r}: no success probability is that far from "
            f"{probability!r}. Promise a smaller discrepancy."
        )
        raise ValueError(msg)
    return exist


def min_num_trials(
    *,
    discrepancy: float,
    probability: Interval | float,
    false_fail_rate: float,
    false_pass_rate: float,
) -> int:
    """Return the smallest number of trials with which the exact test detects the discrepancy.

    Args:
        discrepancy: shift of the success probability, absolute, in (0, 1).
        probability: the null, a number or an interval.
        false_fail_rate: the allowed chance to reject when the null is true, of both tails.
        false_pass_rate: the allowed chance not to reject, on the right side, when the success
            probability is the null's end shifted by the discrepancy (or more).

    Returns:
        n. A side on which no such probability exists has no requirement.

    Raises:
        ValueError: a rate is outside (0, 1), or the discrepancy exists on neither side.
    """
    require_inside(false_fail_rate=false_fail_rate, false_pass_rate=false_pass_rate)
    tail = false_fail_rate / 2
    asked = sides(probability, discrepancy)
    enough = max(_smooth_num_trials(side, tail, false_pass_rate) for side in asked)
    while True:
        # Each side returns the smallest n from here on that suffices for it. So the first n that
        # no side increases is the smallest for all.
        needed = max(_next_num_trials(enough, side, tail, false_pass_rate) for side in asked)
        if needed == enough:
            return enough
        enough = needed


def min_discrepancy(
    *,
    num_trials: int,
    probability: Interval | float,
    false_fail_rate: float,
    false_pass_rate: float,
) -> float:
    """Return the smallest discrepancy that the exact test detects with that many trials.

    It is the inverse of ``min_num_trials``: for the n that a discrepancy needs, it returns that
    discrepancy or less, and n trials suffice for the discrepancy that it returns.

    Args:
        num_trials: n, at least 1.
        probability: the null, a number or an interval.
        false_fail_rate: as in ``min_num_trials``.
        false_pass_rate: as in ``min_num_trials``.

    Returns:
        The discrepancy. Where the test cannot reject on one side, it exceeds what is possible on
        that side.

    Raises:
        ValueError: so few trials detect no discrepancy.
    """
    require_inside(false_fail_rate=false_fail_rate, false_pass_rate=false_pass_rate)
    tail = false_fail_rate / 2
    require_at_least_one(num_trials=num_trials)
    ends = as_probability(probability)
    discrepancy = max(
        _side_discrepancy(num_trials, null, tail, false_pass_rate)
        for null in (ends.highest, 1 - ends.lowest)
    )
    if discrepancy > max(1 - ends.highest, ends.lowest) + EDGE_ROUNDING:
        msg = (
            f"num_trials={num_trials!r}: so few can see no discrepancy from {probability!r} at "
            f"false_fail_rate={false_fail_rate!r} and false_pass_rate={false_pass_rate!r}. "
            "Draw more, or allow larger rates."
        )
        raise ValueError(msg)
    return discrepancy


def rejected_counts(
    num_trials: int, *, probability: Interval | float, false_fail_rate: float
) -> tuple[int, int]:
    """Return the counts of successes at which the exact two-sided test rejects.

    Each tail has at most half of false_fail_rate, at the end of the null that is nearer to it.

    Args:
        num_trials: n, at least 1.
        probability: the null, a number or an interval.
        false_fail_rate: the allowed chance to reject when the null is true, of both tails.

    Returns:
        ``(low, high)``: counts of ``low`` or less, and of ``high`` or more, are rejected. Where no
        count is rejected, ``low`` is -1 or ``high`` is n + 1.
    """
    require_at_least_one(num_trials=num_trials)
    require_inside(false_fail_rate=false_fail_rate)
    ends = as_probability(probability)
    tail = false_fail_rate / 2
    high = _critical_count(num_trials, ends.highest, tail)
    failures = _critical_count(num_trials, 1 - ends.lowest, tail)
    return num_trials - failures, high


def is_enough(
    num_trials: int,
    *,
    discrepancy: float,
    probability: Interval | float,
    false_fail_rate: float,
    false_pass_rate: float,
) -> bool:
    """Return whether the test of exactly that many trials detects the discrepancy.

    Args:
        num_trials: n, at least 1.
        discrepancy: as in ``min_num_trials``, like the other arguments.
        probability: the null, a number or an interval.
        false_fail_rate: the allowed chance to reject when the null is true.
        false_pass_rate: the allowed chance not to reject at the discrepancy.

    Raises:
        ValueError: as in ``min_num_trials``.
    """
    require_at_least_one(num_trials=num_trials)
    require_inside(false_fail_rate=false_fail_rate, false_pass_rate=false_pass_rate)
    tail = false_fail_rate / 2
    return all(
        _misses(num_trials, side.edge, _critical_count(num_trials, side.null, tail))
        <= false_pass_rate
        for side in sides(probability, discrepancy)
    )


def _critical_count(num_trials: int, null: float, tail: float) -> int:
    """Return the smallest count that the null reaches with a chance of at most ``tail``."""
    # The median is at the mean or next to it, so the chance of fewer counts than that is larger.
    start = max(1, math.floor(num_trials * null) - 1)
    return first_integer(lambda count: more_than(count - 1, num_trials, null) <= tail, start)


def _misses(num_trials: int, edge: float, critical: int) -> float:
    return at_most(critical - 1, num_trials, edge)


def _next_num_trials(start: int, side: Side, tail: float, false_pass_rate: float) -> int:
    """Return the smallest number of trials, from ``start`` on, that suffices for one side."""
    num_trials = start
    while True:
        critical = _critical_count(num_trials, side.null, tail)
        # More trials need at least this count, so no smaller number of trials suffices.
        reaching = first_integer(
            lambda n, count=critical: _misses(n, side.edge, count) <= false_pass_rate,  # type: ignore[misc]
            num_trials,
        )
        if reaching == num_trials:
            return num_trials
        num_trials = reaching


def _smooth_num_trials(side: Side, tail: float, false_pass_rate: float) -> int:
    """Return a lower bound of the number of trials: that of a test with a real-valued count.

    An integer count that suffices also suffices here, and the power rises with n without teeth.
    """
    if side.null == 0.0:
        return 1

    def suffices(num_trials: int) -> bool:
        if num_trials * math.log(side.null) > math.log(tail):
            return False  # not even n successes in n trials are rejected
        count = brentq(
            lambda x: (
                math.log(max(betainc(x, num_trials - x + 1, side.null), 1e-300)) - math.log(tail)
            ),
            num_trials * side.null,
            num_trials,
        )
        return bool(betaincc(count, num_trials - count + 1, side.edge) <= false_pass_rate)

    bound = first_integer(suffices, 1)
    return max(1, bound - 1 - bound // 10**9)  # rounding must not raise it above the bound


def _side_discrepancy(num_trials: int, null: float, tail: float, false_pass_rate: float) -> float:
    critical = _critical_count(num_trials, null, tail)
    if critical > num_trials:
        return 1 - null + 4 * EDGE_ROUNDING
    enough = probability_below(critical, num_trials, false_pass_rate)
    if _misses(num_trials, enough, critical) < _NEARLY * false_pass_rate:  # sound, but too far
        enough = float(
            brentq(
                lambda p: _misses(num_trials, p, critical) - false_pass_rate,
                null,
                enough,
                xtol=1e-300,
            )
        )
    discrepancy = enough - null
    step = float(np.spacing(null + discrepancy))
    # The end is rounded, and so is the sum: go on until the promise holds to the last bit.
    while _misses(num_trials, min(null + discrepancy, 1.0), critical) > false_pass_rate:
        discrepancy, step = discrepancy + step, 2 * step
    return discrepancy
