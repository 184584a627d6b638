"""The mixture, against products of its terms one by one."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.special import betaln

from dropout_props.statistics.mixture import log_mixture
from tests.unit.statistics.exact import log_of


def one_by_one(successes: int, failures: int, alpha: float, beta: float) -> float:
    """Multiply the chances of each trial given those before it, as exact fractions.

    They are held against the chance of the trials at their own frequency.
    """
    won, lost = Fraction(alpha), Fraction(beta)
    trials = successes + failures
    chance = Fraction(1)
    for _ in range(successes):
        chance *= won / (won + lost) / Fraction(successes, trials)
        won += 1
    for _ in range(failures):
        chance *= lost / (won + lost) / Fraction(failures, trials)
        lost += 1
    return log_of(chance)


def mixture(successes: int, failures: int, alpha: float, beta: float) -> float:
    """Call the function under test with one member."""
    mean = Fraction(alpha) / (Fraction(alpha) + Fraction(beta))
    surplus = successes - (successes + failures) * mean
    values = [np.array([float(value)]) for value in (successes, failures, alpha, beta, surplus)]
    return float(log_mixture(*values)[0])


@pytest.mark.parametrize("alpha", [0.5, 0.75, 29.5, 30.0, 31.0, 1e3, 1e9, 1e17, 1e25])
@pytest.mark.parametrize("beta", [0.5, 3.0, 100.0, 1e12, 1e17])
@pytest.mark.parametrize(("successes", "failures"), [(0, 0), (1, 0), (0, 7), (20, 30), (200, 3)])
def test_it_is_the_product_of_its_terms(
    successes: int, failures: int, alpha: float, beta: float
) -> None:
    """From flat priors to priors of width 1e-12, 13 digits or more are right."""
    expected = one_by_one(successes, failures, alpha, beta)
    assert mixture(successes, failures, alpha, beta) == pytest.approx(
        expected, rel=1e-13, abs=1e-13
    )


@pytest.mark.parametrize("size", [10, 10**4, 10**8])
def test_it_is_betaln_where_betaln_can_do_it(size: int) -> None:
    """With moderate parameters both agree, also for many trials."""
    textbook = betaln(0.5 + size, 0.5 + 2 * size) - betaln(0.5, 0.5)
    textbook -= size * math.log(1 / 3) + 2 * size * math.log(2 / 3)
    assert mixture(size, 2 * size, 0.5, 0.5) == pytest.approx(
        textbook,
        abs=1e-14 * size,  # the textbook's own rounding
    )


def test_betaln_could_not_do_it() -> None:
    """With parameters of 1e17, betaln is wrong by more than 1 where the truth is near 0."""
    expected = one_by_one(20, 20, 1e17, 1e17)
    textbook = betaln(1e17 + 20, 1e17 + 20) - betaln(1e17, 1e17) - 40 * math.log(0.5)
    assert abs(textbook - expected) > 1
    assert abs(mixture(20, 20, 1e17, 1e17) - expected) < 1e-12
