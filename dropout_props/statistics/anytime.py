"""The interval of a success probability that holds at every stopping time.

Question: which success probabilities do the counts leave possible, if one may look at any time, go
on for days, and stop for any reason?
Guarantee: the chance that the interval *ever* misses the truth is at most ``error`` (Ville), as
long as the order of the trials was chosen without looking at their outcomes.
Cannot say: as much as an interval of a number of trials that was fixed beforehand: between
1e6 and 1e16 trials whose share is about the expected one, it is 1.2 to 1.3 times as wide.

References:
    Ville 1939 and Robbins 1970, as in `dropout_props.statistics.evidence`. Darling and Robbins
    1967, "Confidence sequences for mean, variance, and median", PNAS 58. We differ in the prior: a
    mean of Beta priors of many widths, so that the interval is narrow at all numbers of trials.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logsumexp

from dropout_props.statistics.arguments import require_inside
from dropout_props.statistics.deviance import binomial_deviance, count_minus_mean
from dropout_props.statistics.mixture import log_mixture
from dropout_props.statistics.trials import Interval, Trials, as_probability

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["anytime_interval"]

# Each prior weighs as much as so many trials, half of them seen before: one a factor of 100.
_WEIGHTS = np.array([0.0, *(10.0 ** (2 * power) for power in range(1, 10))])


def anytime_interval(
    successes: int, trials: int, *, error: float, around: Interval | float
) -> Interval:
    """Return the interval that contains the success probability, at all times at once.

    Args:
        successes: number of trials that succeeded.
        trials: number of trials; 0 gives [0, 1].
        error: the chance that the interval ever misses the truth, in (0, 1).
        around: the expected success probability; it steers the width alone, any is valid. It must
            not depend on the counts.

    Returns:
        All probabilities against which there is evidence of less than 1/error.
    """
    require_inside(error=error)
    counted = Trials.of(successes, trials, as_probability(around))
    if not trials:
        return Interval(0.0, 1.0)
    gained = _log_mixture(counted.successes, counted.trials, as_probability(around).midpoint)
    allowed = -math.log(error) - float(gained[0])

    def possible(probability: float) -> bool:
        return bool(binomial_deviance(counted.successes, counted.trials, probability)[0] < allowed)

    seen = successes / trials
    return Interval(_end(possible, seen, 0.0), _end(possible, seen, 1.0))


def _log_mixture(
    successes: NDArray[np.int64], trials: NDArray[np.int64], centre: float
) -> NDArray[np.float64]:
    """Return the log of the mean of the priors' probabilities, less that at the own frequency."""
    centre = min(max(centre, 1e-12), 1 - 1e-12)
    weights = _WEIGHTS[:, None]
    points = np.full((1, successes.size), centre)
    failures = (trials - successes).astype(np.float64)
    off_centre = count_minus_mean(successes, trials, points)
    means_off = off_centre - trials * ((0.5 - centre) / (1.0 + weights))
    mixtures = log_mixture(
        successes.astype(np.float64),
        failures,
        0.5 + weights * centre,
        0.5 + weights * (1 - centre),
        means_off,
    )
    mean: NDArray[np.float64] = logsumexp(mixtures, axis=0) - math.log(len(_WEIGHTS))
    return mean


def _end(possible: Callable[[float], bool], inside: float, outside: float) -> float:
    """Return the end of the interval between the two, on its outer side."""
    if possible(outside):
        return outside
    while True:
        middle = inside + (outside - inside) / 2
        if middle in (inside, outside):
            return outside
        inside, outside = (middle, outside) if possible(middle) else (inside, middle)
