"""The evidence and the tails of the statistics again, in arithmetic of 50 digits."""

from fractions import Fraction
from typing import Any

from mpmath import mp, mpf

DIGITS = 50


def log_of(value: Fraction) -> float:
    """Return the natural logarithm of a fraction."""
    with mp.workdps(DIGITS):
        return float(mp.log(mpf(value.numerator) / mpf(value.denominator)))


def log_evidence(
    successes: int, trials: int, lowest: float, highest: float, discrepancy: float
) -> float:
    """Return the log e-value by its definition: the mean of two mixtures over the likelihood."""
    with mp.workdps(DIGITS):
        won, lost = mpf(successes), mpf(trials - successes)
        low, high, shift = mpf(lowest), mpf(highest), mpf(discrepancy)
        centre = mpf(lowest + (highest - lowest) / 2)  # the prior's centre is a float
        sides = [centre, min(centre + shift, 1), max(centre - shift, 0)]
        weight = max(side * (1 - side) for side in sides) / shift**2

        def log_beta(alpha: Any, beta: Any) -> Any:
            return mp.loggamma(alpha) + mp.loggamma(beta) - mp.loggamma(alpha + beta)

        half = mpf(1) / 2
        narrow = half + weight * centre, half + weight * (1 - centre)
        mixtures = [
            log_beta(alpha + won, beta + lost) - log_beta(alpha, beta)
            for alpha, beta in (narrow, (half, half))
        ]
        largest = max(mixtures)
        mean = largest + mp.log(sum(mp.exp(one - largest) for one in mixtures) / 2)
        nearest = min(max(won / trials, low), high)
        likelihood = won * mp.log(nearest) if won else mpf(0)
        likelihood += lost * mp.log(1 - nearest) if lost else mpf(0)
        return float(mean - likelihood)


def chance_of_at_least(successes: int, trials: int, probability: Fraction) -> float:
    """Return P(successes or more) of a binomial, as an integral of the beta density."""
    with mp.workdps(DIGITS):
        end = mpf(probability.numerator) / mpf(probability.denominator)
        alpha, beta = mpf(successes), mpf(trials - successes + 1)
        log_beta = mp.loggamma(alpha) + mp.loggamma(beta) - mp.loggamma(alpha + beta)
        frequency = alpha / trials
        spread = mp.sqrt(frequency * (1 - frequency + mpf(1) / trials) / trials)
        start = max(end - 20 * spread, mpf("1e-300"))
        points = [start + (end - start) * step / 8 for step in range(9)]

        def density(x: Any) -> Any:
            return mp.exp((alpha - 1) * mp.log(x) + (beta - 1) * mp.log1p(-x) - log_beta)

        return float(mp.quad(density, points, maxdegree=5))
