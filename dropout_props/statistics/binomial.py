"""The binomial and the normal law, from `scipy.special` alone.

Question: how likely is a count, or a larger or a smaller one, among n independent trials?
Guarantee: the tails are the regularised incomplete beta functions, each computed by itself, so that
a small one keeps its digits; they are those of `scipy.stats.binom`. `pmf` has ten digits or more.
Cannot say: the tails of more than 10**9 trials to all digits; quantile.py says what is known there.

`scipy.stats` has the same functions, but takes longer to import than JAX does.

References:
    Loader 2000, as in deviance.py (the probability of one count).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, betaincc, ndtr, ndtri

from dropout_props.statistics.deviance import binomial_deviance, stirling_remainder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["at_most", "first_integer", "more_than", "normal_cdf", "normal_isf", "pmf", "quantile"]


def at_most(count: int, trials: int, probability: float) -> float:
    """Return the probability of at most that many successes."""
    if count < 0:
        return 0.0
    return 1.0 if count >= trials else float(betaincc(count + 1, trials - count, probability))


def more_than(count: int, trials: int, probability: float) -> float:
    """Return the probability of more than that many successes."""
    if count < 0:
        return 1.0
    return 0.0 if count >= trials else float(betainc(count + 1, trials - count, probability))


def pmf(counts: NDArray[np.int64], trials: int, probability: float) -> Floats:
    """Return the probability of each of these counts.

    Args:
        counts: int64[n], each from 0 to ``trials``.
        trials: number of trials.
        probability: of a success, in [0, 1].
    """
    total = np.full_like(counts, trials)
    log_ratio = -binomial_deviance(counts, total, probability)  # to the likelihood at counts/trials
    inner = (counts > 0) & (counts < trials)
    won, lost = (np.where(inner, one, 1).astype(np.float64) for one in (counts, total - counts))
    every = np.full_like(won, max(trials, 1))
    # log of trials! / (won! lost!) * (won/trials)**won * (lost/trials)**lost
    log_peak = (
        stirling_remainder(every)
        - stirling_remainder(won)
        - stirling_remainder(lost)
        + np.log(every / (2 * math.pi * won * lost)) / 2
    )
    found: Floats = np.exp(log_ratio + np.where(inner, log_peak, 0.0))
    return found


def quantile(chance: float, trials: int, probability: float) -> int:
    """Return the smallest count such that at most so many successes have at least that chance."""
    return first_integer(lambda count: at_most(count, trials, probability) >= chance, 0)


def first_integer(holds: Callable[[int], bool], start: int) -> int:
    """Return the smallest integer from ``start`` on at which a monotone predicate holds."""
    if holds(start):
        return start
    failing, step = start, 1
    while not holds(failing + step):
        failing, step = failing + step, 2 * step
    holding = failing + step
    while holding - failing > 1:
        middle = (failing + holding) // 2
        failing, holding = (failing, middle) if holds(middle) else (middle, holding)
    return holding


def normal_cdf(value: float) -> float:
    """Return the probability that a standard normal variable is at most ``value``."""
    return float(ndtr(value))


def normal_isf(chance: float) -> float:
    """Return the value that a standard normal variable exceeds with that chance."""
    return -float(ndtri(chance))
