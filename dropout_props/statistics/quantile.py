"""The success probability at which a binomial tail has a given chance.

Question: from which success probability on do at least, or at most, that many successes have a
given chance?
Guarantee: a number, with every release of SciPy and up to 10**12 trials at least.
Cannot say: more digits than SciPy's tails have, which is all but the last five at 10**12 trials.
"""

from __future__ import annotations

from collections.abc import Callable

from scipy.optimize import brentq
from scipy.special import betainc, betaincc, betainccinv, betaincinv

__all__ = ["probability_at_least", "probability_below"]


def probability_at_least(successes: int, trials: int, chance: float) -> float:
    """Return the success probability at which ``successes`` or more have that chance.

    Args:
        successes: 1 to ``trials``.
        trials: how many trials.
        chance: in (0, 1).
    """
    return _inverse(betaincinv, betainc, (successes, trials - successes + 1), chance)


def probability_below(successes: int, trials: int, chance: float) -> float:
    """Return the success probability at which fewer than ``successes`` have that chance.

    Args:
        successes: 1 to ``trials``.
        trials: how many trials.
        chance: in (0, 1).
    """
    return _inverse(betainccinv, betaincc, (successes, trials - successes + 1), chance)


def _inverse(
    inverse: Callable[..., float],
    tail: Callable[..., float],
    shape: tuple[int, int],
    chance: float,
) -> float:
    found = float(inverse(*shape, chance))
    if 0.0 <= found <= 1.0:
        return found
    # SciPy 1.14 has no inverse at 10**12 trials, where it returns NaN; its tails are still right.
    return float(brentq(lambda p: tail(*shape, p) - chance, 0.0, 1.0, xtol=1e-17, maxiter=500))
