"""The probability of a sequence of trials under a Beta prior, whatever the size of its numbers.

Question: how likely is one sequence with these counts when the success probability is drawn from
Beta(alpha, beta)?
Guarantee: the logarithm is right to about 1e-13, and to 1e-15 for each trial where there are many.
Cannot say: anything else. It stands apart because ``scipy.special.betaln``, which is the textbook
form, cannot do it: a prior that is as narrow as 1e-9 has parameters of 1e17, at which the
difference of two betaln is wrong by thousands, and evidence of exp(2000) would come from nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["log_mixture"]

# From here on Stirling's series, with the four terms below, is exact to float64.
_LARGE = 30.0


def log_mixture(successes: Floats, failures: Floats, alpha: Floats, beta: Floats) -> Floats:
    """Return log B(alpha + successes, beta + failures) - log B(alpha, beta).

    Args:
        successes: float64[num_members], how many trials succeeded.
        failures: float64[num_members], how many did not.
        alpha: float64[num_members], above 0.
        beta: float64[num_members], above 0.

    Returns: float64[num_members], natural logarithms.
    """
    both = alpha + beta
    # As if the prior were a point, and then what its width adds: for a narrow prior, very little.
    at_mean: Floats = successes * np.log(alpha / both) + failures * np.log(beta / both)
    width = (
        _log_rise(alpha, successes)
        + _log_rise(beta, failures)
        - _log_rise(both, successes + failures)
    )
    return at_mean + width


def _log_rise(start: Floats, steps: Floats) -> Floats:
    """Return log of start * (start + 1) * ... (that many steps) over start**steps."""
    small = np.minimum(start, _LARGE)
    large = np.maximum(start, _LARGE)
    exact: Floats = gammaln(small + steps) - gammaln(small) - steps * np.log(small)
    stirling: Floats = (
        (large + steps - 0.5) * np.log1p(steps / large)
        - steps
        + _stirling_tail(large + steps)
        - _stirling_tail(large)
    )
    return np.where(start < _LARGE, exact, stirling)


def _stirling_tail(value: Floats) -> Floats:
    square = 1.0 / value**2
    tail: Floats = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / value
    return tail
