"""The probability of a sequence of trials under a Beta prior, for counts and priors of any size.

Question: how likely is one sequence with these counts when the success probability is drawn from
Beta(alpha, beta), compared with the probability that suits the counts best?
Guarantee: the logarithm is accurate to about 1e-13, or to as many digits, from 1 to 9e18 trials and
for priors as narrow as 1e-13. The textbook form with ``scipy.special.betaln`` is not: a prior as
narrow as 1e-9 has parameters of 1e17, at which the difference of two betaln is wrong by thousands,
which would be evidence of exp(2000).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dropout_props.statistics.deviance import poisson_deviance, stirling_remainder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["log_mixture"]


def log_mixture(
    successes: Floats, failures: Floats, alpha: Floats, beta: Floats, surplus: Floats
) -> Floats:
    """Return the log probability under the prior, less that at the counts' own frequency.

    With m = alpha / (alpha + beta) and P = (alpha + k) / (alpha + beta + n), Stirling's form of the
    four gamma functions leaves the distances of the counts and of the prior from P, each of which
    is a deviance, and terms that are small by themselves.

    Args:
        successes: float64[..., num_members], k, number of n trials that succeeded; may be rounded.
        failures: float64[..., num_members], number of those that failed; may be rounded.
        alpha: float64[..., num_members], at least 1/2.
        beta: float64[..., num_members], at least 1/2.
        surplus: float64[..., num_members], k - n * m, which for large n must not be computed from
            the other arguments.

    Returns:
        float64[..., num_members], natural logarithms, at most 0.
    """
    prior, trials = alpha + beta, successes + failures
    won, lost = alpha + successes, beta + failures
    to_success, to_failure = won / (prior + trials), lost / (prior + trials)
    difference = surplus / (
        1.0 + trials / prior
    )  # k - n * P, and the distance of the prior below P
    distances = poisson_deviance(
        np.stack(np.broadcast_arrays(successes, failures, alpha, beta)),
        np.stack(
            [trials * to_success, trials * to_failure, prior * to_success, prior * to_failure]
        ),
        np.stack([difference, -difference, -difference, difference]),
    )
    spread = np.log1p(successes / alpha) + np.log1p(failures / beta) - np.log1p(trials / prior)
    after = stirling_remainder(np.stack([won, lost, prior + trials]))
    before = stirling_remainder(np.stack([alpha, beta, prior]))
    change = after - before
    log_probability: Floats = change[0] + change[1] - change[2] - spread / 2 - distances.sum(axis=0)
    return log_probability
