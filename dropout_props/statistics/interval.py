"""Exact confidence intervals from counts.

Question: which success probabilities do the counts leave possible?
Guarantee: an interval contains the truth with at least the stated confidence, at each of the fixed
looks at which drawing could stop, without a normal approximation.
Cannot say: which value inside is more likely.

References:
    Clopper and Pearson 1934, "The use of confidence or fiducial limits illustrated in the case of
    the binomial", Biometrika 26.
"""

from __future__ import annotations

from dropout_props.statistics.arguments import require_at_least_one, require_inside
from dropout_props.statistics.quantile import probability_at_least, probability_below
from dropout_props.statistics.trials import Interval, Trials

__all__ = ["clopper_pearson"]


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


def _error(confidence: float) -> float:
    require_inside(confidence=confidence)
    return 1.0 - confidence
