"""Fixed-sample design: error rates hold exactly, n is the smallest, and both functions invert."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from dropout_props.statistics import Interval, min_discrepancy, min_num_trials

Null = Interval | float
RATES = [(0.05, 0.2), (1e-3, 1e-3), (1e-9, 1e-6), (1e-13, 1e-13)]
EXTREMES = [1e-6, 1e-3, 0.1, 0.5, 0.9, 0.999, 1 - 1e-6]


def suffices(num_trials: int, null: Null, shift: float, fails: float, passes: float) -> bool:
    """Find the critical counts of both tails one by one, and the power at both shifts."""
    lowest, highest = null if isinstance(null, Interval) else (null, null)
    power = []
    if highest + shift <= 1:
        critical = next(
            count
            for count in range(num_trials + 2)
            if binom.sf(count - 1, num_trials, highest) <= fails / 2
        )
        power.append(binom.sf(critical - 1, num_trials, highest + shift))
    if lowest - shift >= 0:
        critical = next(
            count
            for count in range(num_trials, -2, -1)
            if binom.cdf(count, num_trials, lowest) <= fails / 2
        )
        power.append(binom.cdf(critical, num_trials, lowest - shift))
    return all(value >= 1 - passes for value in power)


@pytest.mark.parametrize(("fails", "passes"), [(0.05, 0.2), (0.01, 0.01), (1e-4, 1e-3)])
@pytest.mark.parametrize(
    ("null", "shift"),
    [(0.5, 0.3), (0.5, 0.45), (0.9, 0.25), (0.05, 0.3), (Interval(0.45, 0.55), 0.3), (0.0, 0.2)],
)
def test_it_is_the_smallest_number_that_suffices(
    null: Null, shift: float, fails: float, passes: float
) -> None:
    """Trying every number of trials from 1 on finds the same one."""
    found = min_num_trials(
        discrepancy=shift, probability=null, false_fail_rate=fails, false_pass_rate=passes
    )
    tried = next(n for n in range(1, 1000) if suffices(n, null, shift, fails, passes))
    assert found == tried


@pytest.mark.parametrize(("fails", "passes"), RATES)
@pytest.mark.parametrize("null", EXTREMES)
def test_the_two_are_inverse(null: float, fails: float, passes: float) -> None:
    """The discrepancy of n trials is not larger, and does not need more trials, at every depth."""
    rates: dict[str, Any] = {
        "probability": null,
        "false_fail_rate": fails,
        "false_pass_rate": passes,
    }
    for shift in (0.5 * min(null, 1 - null), 0.01 * min(null, 1 - null)):
        num_trials = min_num_trials(discrepancy=shift, **rates)
        seen = min_discrepancy(num_trials=num_trials, **rates)
        # Near 1, a float64 probability has a grain of 1e-16, which is 1e-8 of a shift of 1e-8.
        assert 0.8 * shift <= seen <= shift + 2e-15
        assert min_num_trials(discrepancy=seen, **rates) <= num_trials


@settings(deadline=None)  # a busy machine is slow
@given(
    st.floats(0.01, 0.99),
    st.integers(1, 10**6),
    st.sampled_from([(0.05, 0.2), (1e-3, 1e-2), (1e-6, 1e-3)]),
)
def test_n_trials_suffice_for_their_discrepancy(
    null: float, num_trials: int, rates: tuple[float, float]
) -> None:
    """Their discrepancy needs n trials at most; without one, certainty needs more than n."""
    design: dict[str, Any] = {
        "probability": null,
        "false_fail_rate": rates[0],
        "false_pass_rate": rates[1],
    }
    try:
        shift = min_discrepancy(num_trials=num_trials, **design)
    except ValueError:
        assert min_num_trials(discrepancy=max(null, 1 - null), **design) > num_trials
    else:
        assert min_num_trials(discrepancy=shift, **design) <= num_trials


def test_more_trials_detect_less() -> None:
    """The discrepancy falls as the number of trials rises by factors of ten."""
    seen = [
        min_discrepancy(
            num_trials=10**power, probability=0.9, false_fail_rate=1e-9, false_pass_rate=1e-6
        )
        for power in range(2, 13)
    ]
    assert all(more < less for less, more in pairwise(seen))


def test_both_sides_count_where_both_exist() -> None:
    """At null 0.95 the side with the larger spread, below, decides up to a shift of 0.05."""
    rates: dict[str, Any] = {"false_fail_rate": 1e-6, "false_pass_rate": 1e-6}
    both = min_num_trials(discrepancy=0.049, probability=0.95, **rates)
    below = min_num_trials(discrepancy=0.051, probability=0.95, **rates)
    assert below < both
    mirrored = min_num_trials(discrepancy=0.049, probability=0.05, **rates)
    assert abs(mirrored - both) <= 1


def test_a_side_that_cannot_reject_is_not_promised() -> None:
    """100 trials at 0.999 reject nothing above: the shift exceeds every probability."""
    shift = min_discrepancy(
        num_trials=100, probability=0.999, false_fail_rate=1e-3, false_pass_rate=1e-3
    )
    assert 0.001 < shift < 0.2


def test_an_interval_null_needs_more() -> None:
    """A null that is wider has critical counts that are farther out."""
    rates: dict[str, Any] = {
        "discrepancy": 0.01,
        "false_fail_rate": 1e-9,
        "false_pass_rate": 1e-6,
    }
    assert min_num_trials(probability=Interval(0.4, 0.5), **rates) >= min_num_trials(
        probability=0.5, **rates
    )


def test_a_normal_approximation_would_need_too_few() -> None:
    """At a null of 1e-6 and a shift of nearly that, the normal formula falls 7 % short."""
    null, shift = 1e-6, 9e-7
    exact = min_num_trials(
        discrepancy=shift, probability=null, false_fail_rate=1e-9, false_pass_rate=1e-3
    )
    fails, passes = norm.isf(0.5e-9), norm.isf(1e-3)
    spreads = [math.sqrt(p * (1 - p)) for p in (null, null - shift, null + shift)]
    normal = max((fails * spreads[0] + passes * far) ** 2 / shift**2 for far in spreads[1:])
    assert exact > 1.07 * normal


def named(**changes: Any) -> dict[str, Any]:
    """Return good arguments of ``min_num_trials`` with some of them changed."""
    good = {
        "discrepancy": 0.1,
        "probability": 0.5,
        "false_fail_rate": 0.01,
        "false_pass_rate": 0.01,
    }
    return {**good, **changes}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: min_num_trials(**named(discrepancy=0.0)), "discrepancy=0.0: it must lie"),
        (lambda: min_num_trials(**named(discrepancy=0.6)), "discrepancy=0.6: no success probab"),
        (lambda: min_num_trials(**named(probability=1.5)), "probability=1.5 is not a probability"),
        (lambda: min_num_trials(**named(false_fail_rate=0.0)), "false_fail_rate=0.0: it must lie"),
        (lambda: min_num_trials(**named(false_pass_rate=1.0)), "false_pass_rate=1.0: it must lie"),
        (
            lambda: min_discrepancy(
                num_trials=0, probability=0.5, false_fail_rate=0.1, false_pass_rate=0.1
            ),
            "num_trials=0: it must be at least 1",
        ),
        (
            lambda: min_discrepancy(
                num_trials=3, probability=0.5, false_fail_rate=1e-9, false_pass_rate=0.1
            ),
            "num_trials=3: so few can see no discrepancy from 0.5 at false_fail_rate=1e-09",
        ),
    ],
)
def test_bad_arguments_are_named(call: Callable[[], Any], message: str) -> None:
    """The message names the argument, its value and the rule."""
    with pytest.raises(ValueError, match=message):
        call()
