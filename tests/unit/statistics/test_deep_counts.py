"""Evidence and intervals at counts that a campaign of weeks reaches, against 50 digits."""

import math
from fractions import Fraction

import numpy as np
import pytest
from mpmath import mp

from dropout_props.statistics import (
    Interval,
    Trials,
    clopper_pearson,
    excluded,
    log_evalues,
)
from dropout_props.statistics.deviance import count_minus_mean
from dropout_props.statistics.quantile import probability_at_least, probability_below
from tests.unit.statistics.exact import DIGITS, chance_of_at_least, log_evidence

SIZES = [10 * 10**step for step in range(18)]
NULLS = [
    Interval(0.5, 0.5),
    Interval(0.9, 0.9),
    Interval(1e-6, 1e-6),
    Interval(1 - 1e-3, 1 - 1e-3),
    Interval(0.9 - 1e-7, 0.9),
    Interval(0.0, 2.0**-20),
]


def counts_at(null: Interval, num_trials: int, spreads: float) -> int:
    """Return the count that lies that many standard deviations from the null's lower end."""
    middle = (null.lowest + null.highest) / 2
    spread = math.sqrt(max(middle * (1 - middle) * num_trials, 1.0))
    count = int(null.lowest * num_trials) + int(spreads * spread)
    return min(max(count, 0), num_trials)


@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize("num_trials", SIZES)
def test_evidence_is_exact_from_ten_to_1e18_trials(num_trials: int, null: Interval) -> None:
    """Within 40 standard deviations of the null, and at gross faults, 1e-5 nats are right."""
    counts = {counts_at(null, num_trials, spreads) for spreads in (-40, -8, -1, 0, 0.3, 7, 40)}
    counts |= {num_trials // 3, num_trials}
    for discrepancy in (0.1, 1e-4, 1e-8):
        for count in sorted(counts):
            expected = log_evidence(count, num_trials, *null, discrepancy)
            trials = Trials.of(count, num_trials, null)
            seen = float(log_evalues(trials, discrepancy=discrepancy)[0])
            # A value of 1e18 has no nats of 1e-5: there the digits of a float64 count.
            assert seen == pytest.approx(expected, abs=1e-5, rel=1e-12)


def test_the_textbook_difference_is_not_exact() -> None:
    """The same comparison catches a sum that cancels: at 1e17 trials it is off by nats."""
    won = lost = float(10**17 // 2)
    textbook = (
        won * math.log(0.5 + 1e-8)
        + lost * math.log(0.5 - 1e-8)
        - (won * math.log(0.5) + lost * math.log(0.5))
    )
    with mp.workdps(DIGITS):
        exact = float(mp.mpf(won) * mp.log1p(-4 * mp.mpf(1e-8) ** 2))
    assert abs(textbook - exact) > 1.0


@pytest.mark.parametrize("num_trials", [10**12, 10**15, 10**18])
def test_a_fault_of_the_promised_size_is_excluded_in_time(num_trials: int) -> None:
    """Counts on the null rule out 9 spreads and not 3, at every size and at both ends."""
    spread = 0.5 / math.sqrt(num_trials)
    trials = Trials.of(num_trials // 2, num_trials, 0.5)
    far, near = (
        excluded(trials, discrepancy=spreads * spread, false_pass_rate=1e-3)[0]
        for spreads in (9, 3)
    )
    assert far
    assert not near


@pytest.mark.parametrize("probability", [0.5, 0.1, 1e-9, 1 - 2.0**-50, 1.0])
@pytest.mark.parametrize("num_trials", [1, 2**31, 2**53 + 1, 10**18 + 7, 2**63 - 1])
def test_a_count_less_its_mean_is_exact(num_trials: int, probability: float) -> None:
    """With counts that no float64 holds, the difference is right to its own last digits."""
    mean = num_trials * Fraction(probability)
    for offset in (-3, 0, 1, 10**6):
        count = min(max(round(mean) + offset, 0), num_trials)
        seen = count_minus_mean(np.array([count]), np.array([num_trials]), np.array([probability]))
        expected = float(count - mean)
        # Parts of up to 2**31 are rounded, which is nothing beside a standard deviation.
        assert seen[0] == pytest.approx(expected, rel=1e-12, abs=1e-6)


@pytest.mark.parametrize("chance", [5e-4, 5e-16])
@pytest.mark.parametrize("num_trials", [10**6, 10**9, 10**9 + 1, 10**12, 10**15, 10**18])
@pytest.mark.parametrize("part", [0.5, 0.1, 1e-3, 0.0])
def test_an_end_has_no_more_than_its_chance(part: float, num_trials: int, chance: float) -> None:
    """Ends are sound at every size, and no further out than one count more would move them."""
    count = max(int(part * num_trials), 1000)
    lowest = Fraction(probability_at_least(count, num_trials, chance))
    highest = Fraction(probability_below(count, num_trials, chance))
    below = chance_of_at_least(count, num_trials, lowest)
    above = chance_of_at_least(num_trials - count + 1, num_trials, 1 - highest)
    assert max(below, above) <= chance * (1 + 1e-6)
    # One success more or fewer makes a tail larger or smaller by at most this factor.
    factor = 1 + 1e-5 + (12 / math.sqrt(count) if num_trials > 10**9 else 0.0)
    assert min(below, above) >= chance / factor


def test_an_end_is_right_where_the_inverse_of_scipy_is_not() -> None:
    """1000 of 10**9: the chance is the one that was given, whatever SciPy's inverse says."""
    lowest = Fraction(probability_at_least(1000, 10**9, 5e-10))
    assert chance_of_at_least(1000, 10**9, lowest) == pytest.approx(5e-10, rel=1e-9)


@pytest.mark.parametrize("num_trials", [10**15, 10**18])
def test_clopper_pearson_is_as_wide_as_it_must_be(num_trials: int) -> None:
    """With deep counts the interval is 2 * 3.29 standard deviations wide, as a normal one is."""
    ends = clopper_pearson(num_trials // 2, num_trials, confidence=0.999)
    spread = 0.5 / math.sqrt(num_trials)
    assert (ends.highest - ends.lowest) / spread == pytest.approx(2 * 3.2905, rel=1e-3)
    assert ends.lowest < 0.5 < ends.highest
