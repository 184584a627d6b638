"""Exact confidence intervals from counts.

Question: which success probabilities, and which relative bias, do the counts leave possible?
Guarantee: an interval contains the truth with at least the stated confidence, without a normal
approximation; each function says at which stopping times this holds.
Cannot say: which value inside is more likely.

References:
    Clopper and Pearson 1934, "The use of confidence or fiducial limits illustrated in the case of
    the binomial", Biometrika 26. Ville 1939, Etude critique de la notion de collectif. Robbins
    1970, "Statistical methods related to the law of the iterated logarithm", Ann. Math. Statist.
    41. Howard, Ramdas, McAuliffe and Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic
    confidence sequences", Ann. Statist. 49.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import brentq

from dropout_props.statistics.arguments import require_at_least_one, require_inside
from dropout_props.statistics.deviance import binomial_deviance
from dropout_props.statistics.quantile import probability_at_least, probability_below
from dropout_props.statistics.trials import Interval, Trials

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["clopper_pearson", "common_relative_bias"]

# Below exp(-45) of its largest value, a likelihood adds nothing that float64 could hold.
_NEGLIGIBLE = 45.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(128)


def clopper_pearson(
    successes: int, trials: int, *, confidence: float, num_looks: int = 1
) -> Interval:
    """Return the exact interval of a success probability.

    It is that of ``scipy.stats.binomtest(...).proportion_ci(method="exact")`` at the level
    1 - (1 - confidence) / num_looks. SciPy's own takes the level as a float, in which 1 - 1e-15 has
    lost a tenth of its error rate, and inverts the tails by a function that is wrong at some counts
    of 10**9 trials and more (see ``quantile``). With more than 10**9 trials the interval is wider
    than the exact one, by less than one success more or fewer would change it.

    Args:
        successes: number of trials that succeeded.
        trials: number of trials; 0 gives [0, 1].
        confidence: chance that the interval contains the truth, in (0, 1).
        num_looks: number of fixed numbers of trials at which drawing could stop; they share the
            error, so that the interval is exact at each of them.

    Returns:
        The interval. An end is 0 or 1 where all trials had one outcome.
    """
    counted = Trials.of(successes, trials, Interval(0.0, 1.0))
    require_at_least_one(num_looks=num_looks)
    tail = _error(confidence) / num_looks / 2
    won, lost = int(counted.successes[0]), int(counted.trials[0] - counted.successes[0])
    lowest = probability_at_least(won, won + lost, tail) if won else 0.0
    highest = probability_below(won + 1, won + lost, tail) if lost else 1.0
    return Interval(lowest, highest)


def common_relative_bias(
    successes: ArrayLike, trials: ArrayLike, probability: ArrayLike, *, confidence: float
) -> Interval:
    """Return the relative biases r that all experiments may share, at any stopping time.

    Experiment i has success probability p_i * (1 + r). The interval holds each r against which
    the evidence stays below 1 / (1 - confidence); the evidence is the likelihood under a fixed
    prior of r over that at r. The prior is half a point at 0, so that the interval of correct
    code is about as narrow as a test of r = 0 could make it, and half the density 1 / (2 + r)**2
    on r > -1, so that any other bias is found too. The likelihood is log-concave in r, so that
    the set is an interval, and its ends are found as roots.

    Args:
        successes: int[num_experiments].
        trials: int[num_experiments].
        probability: float[num_experiments] or a number, the p_i without bias.
        confidence: chance that the interval holds r at every moment, in (0, 1).

    Returns:
        The interval of r, within [-1, min(1 / p_i) - 1].

    Assumes: all experiments share one r (for a bias of the keep rate alone, E[y]/x - 1 is it), and
        all trials are independent. Which experiment comes next may depend on the ones before.
    """
    needed = -math.log(_error(confidence))
    # The null is not used: Trials only checks the counts and the probabilities.
    counted = Trials(successes, trials, probability, probability)  # type: ignore[arg-type]
    if np.any((counted.lowest == 0) & (counted.successes > 0)):
        msg = "probability=0 for an experiment that had successes: no relative bias explains it."
        raise ValueError(msg)
    used = (counted.trials > 0) & (counted.lowest > 0)
    if not np.any(used):
        return Interval(-1.0, math.inf)
    base = counted.lowest[used]
    successes, trials = counted.successes[used], counted.trials[used]
    won, lost = successes.astype(np.float64), (trials - successes).astype(np.float64)
    largest = 1 / float(base.max())

    def log_likelihood(factor: ArrayLike) -> Any:
        # Less that of the observed frequencies, which is the same for every factor.
        actual = np.minimum(np.multiply.outer(factor, base), 1.0)
        return -binomial_deviance(successes, trials, actual).sum(axis=-1)

    def slope(factor: float) -> float:
        with np.errstate(divide="ignore"):
            return float(won.sum() / factor - np.sum(lost * base / (1 - base * factor)))

    likeliest = _root_of_falling(slope, 0.0, largest) if won.any() else 0.0
    peak = log_likelihood(likeliest)

    def crossing(end: float, level: float) -> float:
        return _crossing(log_likelihood, likeliest, end, level)

    left, right = crossing(0.0, peak - _NEGLIGIBLE), crossing(largest, peak - _NEGLIGIBLE)
    factors = left + (right - left) * (_NODES + 1) / 2
    heights = np.exp(log_likelihood(factors) - peak)
    spread = (right - left) / 2 * float(np.sum(_WEIGHTS * heights / (1 + factors) ** 2))
    mixture = peak + math.log(math.exp(log_likelihood(1.0) - peak) / 2 + spread / 2)
    return Interval(crossing(0.0, mixture - needed) - 1, crossing(largest, mixture - needed) - 1)


def _crossing(curve: Callable[[float], float], peak: float, end: float, level: float) -> float:
    """Return where a curve that falls from its peak to the end crosses a level, or the end."""
    if peak == end or curve(end) >= level:
        return end
    bottom = level - 1.0  # in place of -inf, which a root finder cannot use
    low, high = sorted((peak, end))
    return float(brentq(lambda x: max(curve(x), bottom) - level, low, high, xtol=1e-15))


def _root_of_falling(slope: Callable[[float], float], low: float, high: float) -> float:
    """Return where a falling function crosses 0 between two ends at which it may be infinite."""
    for _ in range(200):
        middle = low + (high - low) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return high


def _error(confidence: float) -> float:
    require_inside(confidence=confidence)
    return 1.0 - confidence
