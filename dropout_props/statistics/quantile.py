"""The success probability at which a binomial tail has a given chance.

Question: from which success probability on do at least, or at most, that many successes have a
given chance?
Guarantee: the chance at the returned probability is at most the given one, to 1e-6 of it, so an
interval with such ends is never too narrow. Up to 10**9 trials the probability is exact to one step
of float64. With more, it differs from the exact one by less than one more or one fewer success
would change that.
Cannot say: the exact probability beyond 10**9 trials, where no release of SciPy has the tails.

SciPy's inverses are not used. Release 1.18 returns 1.9e-6 instead of 8.2e-7 for 1000 of 10**9 at
5e-10, and 1.14 returns NaN at 10**12 trials. Up to 10**9 the tails are accurate to 1e-7.

References:
    Zubkov and Serov 2013, "A complete proof of universal inequalities for the distribution function
    of the binomial law", Theory Probab. Appl. 57 (the normal tail of a signed deviance bounds a
    binomial tail on either side). Anderson and Samuels 1967, "Some inequalities among binomial and
    Poisson probabilities", Proc. Fifth Berkeley Symp. 1 (the Poisson tail is the longer one).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc, betaincc, gammainc, gammaincc

from dropout_props.statistics.binomial import normal_isf
from dropout_props.statistics.deviance import binomial_deviance

__all__ = ["probability_at_least", "probability_below"]

_EXACT_TRIALS = 10**9
_RARE = 10**4  # counts up to this one of more than _EXACT_TRIALS are bounded by a Poisson tail
_SMALLEST_LOG = -700.0
_TINY = 1e-320


def probability_at_least(successes: int, trials: int, chance: float) -> float:
    """Return the success probability at which ``successes`` or more have that chance.

    Args:
        successes: 1 to ``trials``.
        trials: number of trials.
        chance: in (0, 1/2].

    Returns:
        The probability, or with more than 10**9 trials a number slightly below it.
    """
    failures = trials - successes
    if trials <= _EXACT_TRIALS:
        found = _root(lambda p: betainc(successes, failures + 1, p), chance)
    elif successes <= _RARE:
        found = _root(lambda mean: gammainc(successes, mean), chance, 2 * _RARE) / trials
    elif failures < _RARE:
        found = 1 - _root(lambda mean: gammaincc(failures + 1, mean), chance, 2 * _RARE) / trials
    else:
        found = _at_deviance(successes - 1, trials, chance, 0.0)
    return math.nextafter(found, 0.0)  # the root is rounded


def probability_below(successes: int, trials: int, chance: float) -> float:
    """Return the success probability at which fewer than ``successes`` have that chance.

    Args:
        successes: 1 to ``trials``.
        trials: number of trials.
        chance: in (0, 1/2].

    Returns:
        The probability, or with more than 10**9 trials a number slightly above it.
    """
    failures = trials - successes
    if trials <= _EXACT_TRIALS:
        found = _root(lambda p: betaincc(successes, failures + 1, p), chance)
    elif successes <= _RARE:
        found = _root(lambda mean: gammaincc(successes, mean), chance, 2 * _RARE) / trials
    elif failures < _RARE:
        found = 1 - _root(lambda mean: gammainc(failures + 1, mean), chance, 2 * _RARE) / trials
    else:
        found = _at_deviance(successes, trials, chance, 1.0)
    return math.nextafter(found, 1.0)


def _root(tail: Callable[[float], float], chance: float, largest: float = 1.0) -> float:
    """Return the x in (0, largest] at which a monotone tail has the chance.

    Both are compared as logarithms, so that small results have as many digits as large ones.
    """

    def excess(log_x: float) -> float:
        return math.log(max(float(tail(math.exp(log_x))), _TINY)) - math.log(chance)

    log_found = brentq(excess, _SMALLEST_LOG, math.log(largest), xtol=1e-15, maxiter=500)
    return math.exp(float(log_found))


def _at_deviance(count: int, trials: int, chance: float, end: float) -> float:
    """Return the probability, on the side of ``end``, whose signed deviance has the chance."""
    needed = max(normal_isf(chance), 0.0) ** 2 / 2
    counted = np.array([count]), np.array([trials])

    def deviance(probability: float) -> float:
        return float(binomial_deviance(*counted, probability)[0])

    frequency = count / trials
    if needed == 0.0:
        return frequency
    # The deviance is infinite at the end, which the root finder cannot use.
    found = float(
        brentq(lambda p: min(deviance(p), 2 * needed) - needed, frequency, end, xtol=1e-300)
    )
    while deviance(found) < needed:  # the root is rounded: move it until the bound holds
        found = math.nextafter(found, end)
    return found
