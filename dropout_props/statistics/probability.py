"""Success probabilities of the trials of each kind of count when the property is true.

Question: with which probability does one trial of each kind of count succeed, when every unit is
kept with a probability in a known interval?
Guarantee: each function returns the exact range of that probability over the interval (up to the
rounding of float64), inner extremes included; its result is a valid null for ``Trials.of``.
Cannot say: anything about masks whose units are not independent, which the counts must detect.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from scipy.special import gammaln

from dropout_props.statistics.arguments import require_at_least_one, require_inside
from dropout_props.statistics.binomial import at_most, more_than, pmf, quantile
from dropout_props.statistics.trials import Interval, as_probability

__all__ = [
    "agreement",
    "central_region",
    "odd_parity",
    "region_mass",
]

Probability = Interval | float

_EVEN = 0.5  # the keep probability at which both outcomes are equally likely


def agreement(keep: Probability, other: Probability | None = None) -> Interval:
    """Return the probability that two independent units agree: keep**2 + rate**2.

    It falls to 1/2 at keep 1/2 and rises again, so that an interval around 1/2 has its smallest
    value inside. For two rates it is linear in each keep, so that the corners hold the extremes.

    Args:
        keep: the keep probability, a number or an interval.
        other: that of the second unit; None if both units share one unknown value.
    """
    ends = as_probability(keep)
    if other is None:
        inside = [_EVEN] if ends.lowest < _EVEN < ends.highest else []
        return _range([_agree(one, one) for one in (*ends, *inside)])
    return _range([_agree(one, two) for one, two in product(ends, as_probability(other))])


def odd_parity(keep: Probability, num_units: int) -> Interval:
    """Return the probability that an odd number of independent units is kept.

    It is (1 - (1 - 2 keep)**num_units) / 2: rising in keep when the number is odd, and highest at
    keep 1/2 (where it is 1/2) when it is even.

    Args:
        keep: the keep probability, a number or an interval.
        num_units: number of disjoint units that share a parity, at least 1.
    """
    require_at_least_one(num_units=num_units)
    ends = as_probability(keep)
    inside = [_EVEN] if num_units % 2 == 0 and ends.lowest < _EVEN < ends.highest else []
    return _range([_odd(one, num_units) for one in (*ends, *inside)])


def central_region(size: int, keep: Probability, mass: float = 0.5) -> tuple[int, int]:
    """Return the region of counts around the most likely one with a mass nearest to ``mass``.

    With a mass near one half, the trial "the count is inside" detects a spread that is too large
    and one that is too small about equally well.

    Args:
        size: units of a mask.
        keep: the keep probability; of an interval, its middle is used.
        mass: the wanted binomial probability of the region, in (0, 1).

    Returns:
        The first and the last count of the region, both inside it. Where a single count is more
        likely than ``mass``, the region is that count; ``region_mass`` returns its mass.
    """
    require_at_least_one(size=size)
    require_inside(mass=mass)
    centre = as_probability(keep).midpoint
    first, last = (quantile((1 + side * mass) / 2, size, centre) for side in (-1, 1))
    counts = np.arange(max(first - 1, 0), min(last + 1, size) + 1)
    masses = pmf(counts, size, centre)
    # The binomial has one mode, so the most likely counts are adjacent.
    order = np.argsort(-masses, kind="stable")
    inside = order[: 1 + int(np.argmin(np.abs(np.cumsum(masses[order]) - mass)))]
    return int(counts[inside].min()), int(counts[inside].max())


def region_mass(size: int, keep: Probability, first: int, last: int) -> Interval:
    """Return the binomial probability that from ``first`` to ``last`` of ``size`` units are kept.

    As a function of keep it rises and then falls, and turns where one more unit would leave the
    region at the top as often as it would enter it at the bottom:
    (keep / rate)**(last - first + 1) = C(size - 1, first - 1) / C(size - 1, last).
    """
    require_at_least_one(size=size)
    if not 0 <= first <= last <= size:
        msg = f"first={first}, last={last}: 0 <= first <= last <= size={size} must hold."
        raise ValueError(msg)
    if first == 0 and last == size:
        return Interval(1.0, 1.0)
    ends = as_probability(keep)
    candidates = list(ends)
    if first > 0 and last < size:
        log_odds = (_log_choose(size - 1, first - 1) - _log_choose(size - 1, last)) / (
            last - first + 1
        )
        turn = 1 / (1 + math.exp(-log_odds))
        candidates += [turn] if ends.lowest < turn < ends.highest else []
    return _range([_mass(size, one, first, last) for one in candidates])


def _agree(one: float, two: float) -> float:
    return one * two + (1 - one) * (1 - two)


def _odd(keep: float, num_units: int) -> float:
    # With logarithms of the rarer outcome: 1 - (1 - 2e-9)**2 by subtraction has only 7 digits.
    rarer = min(keep, 1 - keep)
    if rarer >= _EVEN:
        return _EVEN
    even_excess = -math.expm1(num_units * math.log1p(-2 * rarer)) / 2
    return 1 - even_excess if keep > _EVEN and num_units % 2 == 1 else even_excess


def _mass(size: int, keep: float, first: int, last: int) -> float:
    # The smaller tails are subtracted, so that a small mass keeps its digits.
    if first > size * keep:
        return more_than(first - 1, size, keep) - more_than(last, size, keep)
    return at_most(last, size, keep) - at_most(first - 1, size, keep)


def _log_choose(total: int, chosen: int) -> float:
    return float(gammaln(total + 1) - gammaln(chosen + 1) - gammaln(total - chosen + 1))


def _range(values: list[float]) -> Interval:
    return Interval(max(min(values), 0.0), min(max(values), 1.0))
