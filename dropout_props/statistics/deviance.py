"""The deviance of counts from a success probability, without cancellation.

Question: by how much is the log likelihood of some counts larger at their own frequency than at a
probability p?
Guarantee: accurate to about 1e-14 of its value from 1 to 9e18 trials, and so is the Stirling
remainder. The textbook difference of two log likelihoods loses every digit: at 1e17 trials each is
about 1e17, where float64 represents the multiples of 16.
Cannot say: the likelihood itself; evidence and intervals need differences of two only.

References:
    Loader 2000, "Fast and accurate computation of binomial probabilities" (the deviance as a series
    in (x - m) / (x + m), and Stirling remainders). We differ in taking x - m as an argument: with
    more than 2**53 trials neither the counts nor their distance from n * p are floats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import gammaln

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["binomial_deviance", "count_minus_mean", "poisson_deviance", "stirling_remainder"]

_LOW_BITS = 31
_SPLITTER = 2.0**27 + 1  # cuts a float64 into two halves whose products are exact
_SERIES_END = 0.1  # |x - m| / (x + m) up to which the series is taken
_SERIES_TERMS = 9  # 0.1**18 is below the last digit
_HALF_LOG_TAU = 0.918938533204672741780329736406
# From here on Stirling's series, with the five terms below, is exact to float64.
_LARGE = 20.0


def binomial_deviance(
    successes: NDArray[np.int64], trials: NDArray[np.int64], probability: ArrayLike
) -> Floats:
    """Return the log likelihood at successes/trials less that at ``probability``.

    Args:
        successes: int64[num_members].
        trials: int64[num_members].
        probability: float64[..., num_members] or a number, in [0, 1].

    Returns:
        float64[..., num_members], at least 0; 0 without trials, infinite where the probability is
        0 or 1 and the counts are not.
    """
    point = np.asarray(probability, dtype=np.float64)
    difference = count_minus_mean(successes, trials, point)
    total = trials.astype(np.float64)
    failures = (trials - successes).astype(np.float64)
    won = poisson_deviance(successes.astype(np.float64), total * point, difference)
    lost = poisson_deviance(failures, total * (1.0 - point), -difference)
    return won + lost


def poisson_deviance(count: Floats, mean: Floats, difference: Floats) -> Floats:
    """Return count * log(count / mean) + mean - count.

    Args:
        count: float64[..., num_members], at least 0; may be rounded.
        mean: float64[..., num_members], at least 0; may be rounded.
        difference: float64[..., num_members], count - mean, not computed from the two.
    """
    both = count + mean
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(both > 0, difference / both, 0.0)
        square = ratio * ratio
        tail = np.zeros_like(square)
        for term in range(_SERIES_TERMS, 0, -1):
            tail = square * (1.0 / (2 * term + 1) + tail)
        near = ratio * (difference + 2.0 * count * tail)
        far = np.where(count > 0, count * np.log(count / mean), 0.0) - difference
    deviance: Floats = np.maximum(np.where(np.abs(ratio) < _SERIES_END, near, far), 0.0)
    return deviance


def count_minus_mean(
    successes: NDArray[np.int64], trials: NDArray[np.int64], probability: Floats
) -> Floats:
    """Return successes - trials * probability, rounded only once or twice, at the end.

    Integers of up to 63 bits are split into two parts that are float64, and the product of each
    part with the probability is represented as a sum of two.
    """
    (won_high, won_low), (all_high, all_low) = _cut(successes), _cut(trials)
    high, high_rest = _exact_product(all_high, probability)
    low, low_rest = _exact_product(all_low, probability)
    difference: Floats = ((won_high - high) + (won_low - low)) - (high_rest + low_rest)
    return difference


def stirling_remainder(value: Floats) -> Floats:
    """Return log Gamma(x) - (x - 1/2) * log(x) + x - log(2 * pi) / 2, which is about 1 / (12 x)."""
    small = np.minimum(value, _LARGE)
    large = np.maximum(value, _LARGE)
    exact: Any = gammaln(small) - (small - 0.5) * np.log(small) + small - _HALF_LOG_TAU
    square = 1.0 / large**2
    series = (
        1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))
    ) / large
    remainder: Floats = np.where(value < _LARGE, exact, series)
    return remainder


def _cut(count: NDArray[np.int64]) -> tuple[Floats, Floats]:
    low = count & np.int64(2**_LOW_BITS - 1)
    return (count - low).astype(np.float64), low.astype(np.float64)


def _exact_product(one: Floats, two: Floats) -> tuple[Floats, Floats]:
    """Return the rounded product and its rounding error (Dekker 1971)."""
    product = one * two
    one_high, two_high = _upper_half(one), _upper_half(two)
    one_low, two_low = one - one_high, two - two_high
    rest = one_low * two_low - (
        ((product - one_high * two_high) - one_low * two_high) - one_high * two_low
    )
    return product, rest


def _upper_half(value: Floats) -> Floats:
    scaled = _SPLITTER * value
    upper: Floats = scaled - (scaled - value)
    return upper
