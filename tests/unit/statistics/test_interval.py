"""Exact intervals cover the truth with their confidence, at every stopping time that they allow."""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from dropout_props.statistics import (
    Interval,
    Trials,
    clopper_pearson,
    common_relative_bias,
    log_evalues,
)

LOOKS = (5, 12, 30, 60)
TRUTHS = [1e-6, 0.01, 0.1, 0.37, 0.5, 0.9, 0.99, 1 - 1e-6]


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.999])
@pytest.mark.parametrize("num_trials", [1, 2, 7, 30])
def test_clopper_pearson_covers_every_truth(num_trials: int, confidence: float) -> None:
    """Summed over all counts, the chance to cover the truth is at least the confidence."""
    intervals = [
        clopper_pearson(count, num_trials, confidence=confidence) for count in range(num_trials + 1)
    ]
    for truth in [*TRUTHS, *np.linspace(0, 1, 101)]:
        held = [interval.lowest <= truth <= interval.highest for interval in intervals]
        chances = binom.pmf(np.arange(num_trials + 1), num_trials, truth)
        assert chances[held].sum() >= confidence - 1e-12


def chance_to_miss(walk: Any, num_looks: int, confidence: float, truth: float) -> float:
    """Return the exact chance that the interval misses the truth at any of the looks."""
    misses = {
        n: np.array(
            [
                not ends.lowest <= truth <= ends.highest
                for ends in (
                    clopper_pearson(count, n, confidence=confidence, num_looks=num_looks)
                    for count in range(n + 1)
                )
            ]
        )
        for n in LOOKS
    }

    def stops(counts: Any, n: int) -> Any:
        return misses[n] if n in misses else np.zeros(len(counts), dtype=bool)

    return float(walk(stops, truth, LOOKS[-1])[0][0])


@pytest.mark.parametrize("truth", [0.01, 0.1, 0.37, 0.5, 0.9])
def test_clopper_pearson_covers_at_whichever_look_drawing_stopped(walk: Any, truth: float) -> None:
    """With the error shared among four looks, the truth is missed at any of them rarely enough."""
    assert chance_to_miss(walk, len(LOOKS), 0.9, truth) <= 0.1


def test_looks_without_correction_miss_too_often(walk: Any) -> None:
    """The same walk detects an interval for one look that is used at four."""
    assert max(chance_to_miss(walk, 1, 0.9, truth) for truth in (0.37, 0.5)) > 0.11


@pytest.mark.parametrize("confidence", [0.9, 1 - 1e-6])
@pytest.mark.parametrize(
    ("successes", "trials"), [(0, 10), (10, 10), (1, 10), (37, 100), (9_990, 10_000), (0, 10**7)]
)
def test_clopper_pearson_is_that_of_scipy(successes: int, trials: int, confidence: float) -> None:
    """Where scipy's own has all its digits, both are the same."""
    theirs = binomtest(successes, trials).proportion_ci(confidence, method="exact")
    ours = clopper_pearson(successes, trials, confidence=confidence)
    assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-11)


@pytest.mark.parametrize("error", [1e-9, 1e-13, 1e-15])
@pytest.mark.parametrize(
    ("successes", "trials"), [(1, 10), (5, 10**7), (10**7 - 5, 10**7), (5 * 10**8, 10**9)]
)
def test_clopper_pearson_is_exact_at_deep_levels(successes: int, trials: int, error: float) -> None:
    """The tails beyond each end are half of the error, to five digits, down to 1e-15."""
    lowest, highest = clopper_pearson(successes, trials, confidence=1 - error)
    half = (1 - (1 - error)) / 2  # what a float confidence can hold
    assert binom.sf(successes - 1, trials, lowest) == pytest.approx(half, rel=1e-5)
    assert binom.cdf(successes, trials, highest) == pytest.approx(half, rel=1e-5)


def test_no_trials_leave_everything_possible() -> None:
    """Without trials the interval is [0, 1]."""
    assert clopper_pearson(0, 0, confidence=0.99) == Interval(0.0, 1.0)


@cache
def bias_interval(
    won: tuple[int, ...], drawn: tuple[int, ...], base: tuple[float, ...]
) -> Interval:
    """Return the interval of a common relative bias at 90 %, computed once."""
    return common_relative_bias(won, drawn, base, confidence=0.9)


@pytest.mark.parametrize("bias", [-0.9, -0.3, 0.0, 0.05, 0.9])
@pytest.mark.parametrize("base", [0.02, 0.5])
def test_a_common_bias_is_covered_at_every_stopping_time(
    walk: Any, base: float, bias: float
) -> None:
    """Looked at after each of 40 trials, the interval misses the bias within its error."""

    def misses(counts: Any, n: int) -> Any:
        ends = [bias_interval((int(count),), (n,), (base,)) for count in counts]
        return np.array([not end.lowest <= bias <= end.highest for end in ends])

    assert walk(misses, base * (1 + bias), 40)[0][0] <= 0.1


@pytest.mark.parametrize("bias", [-0.5, 0.0, 0.1])
def test_a_common_bias_of_two_experiments_is_covered(bias: float) -> None:
    """Two experiments with different probabilities, drawn in turn, share one interval."""
    bases = (0.3, 0.85)
    held = np.zeros((11, 11))
    held[0, 0] = 1.0
    for turn in range(10):
        for axis, base in enumerate(bases):
            after = np.zeros_like(held)
            drawn = (turn + 1, turn + axis)
            for one, two in np.argwhere(held):
                for success in (0, 1):
                    won = (int(one) + success * (axis == 0), int(two) + success * (axis == 1))
                    actual = base * (1 + bias)
                    ends = bias_interval(won, drawn, bases)
                    if ends.lowest <= bias <= ends.highest:
                        after[won] += held[one, two] * (actual if success else 1 - actual)
            held = after
    assert held.sum() >= 0.9


def test_a_common_bias_is_covered_in_large_samples(rng: Any) -> None:
    """Over 400 runs at five rates, no more misses than one in a billion such tests would show."""
    bases = np.array([0.01, 0.1, 0.5, 0.9, 0.99])
    drawn = rng.integers(10**3, 10**7, (400, 5))
    bias = rng.choice([0.0, 1e-3, -0.01], 400)
    misses = 0
    for sizes, shift in zip(drawn, bias, strict=True):
        won = rng.binomial(sizes, bases * (1 + shift))
        ends = common_relative_bias(won, sizes, bases, confidence=0.9)
        misses += not ends.lowest <= shift <= ends.highest
    assert misses <= binom.isf(1e-9, 400, 0.1)


def test_an_existing_common_bias_is_detected() -> None:
    """A bias of 0.5 % at five rates excludes 0, and correct counts exclude 0.2 %, at 1 - 1e-9."""
    bases, drawn = np.array([0.01, 0.1, 0.5, 0.9, 0.99]), np.full(5, 10**6)
    exact = (bases * drawn).astype(int)
    none = common_relative_bias(exact, drawn, bases, confidence=1 - 1e-9)
    some = common_relative_bias((exact * 1.005).astype(int), drawn, bases, confidence=1 - 1e-9)
    assert -0.002 < none.lowest < 0 < none.highest < 0.002
    assert 0.003 < some.lowest < 0.005 < some.highest < 0.007


def test_a_common_bias_is_hardly_wider_than_a_test_of_it() -> None:
    """For correct code it is at most 1.1 times the exact interval of one look at the same level."""
    for num_trials in (10**4, 10**6, 10**9):
        ours = common_relative_bias([num_trials // 2], [num_trials], 0.5, confidence=1 - 1e-9)
        exact = clopper_pearson(num_trials // 2, num_trials, confidence=1 - 1e-9)
        exact_width = (exact.highest - exact.lowest) / 0.5  # relative to the probability
        assert exact_width < ours.highest - ours.lowest < 1.1 * exact_width


def test_a_common_bias_at_the_ends_of_what_is_possible() -> None:
    """Only failures reach down to -1; only successes reach up to 1/p - 1; p = 1 has none above."""
    assert common_relative_bias([0], [100], 0.5, confidence=0.999).lowest == -1.0
    assert common_relative_bias([100], [100], 0.5, confidence=0.999).highest == 1.0
    assert common_relative_bias([100], [100], 1.0, confidence=0.999).highest == 0.0
    assert common_relative_bias([0], [100], 1.0, confidence=0.999).highest < 0.0


@pytest.mark.parametrize("base", [1e-6, 1 - 1e-6])
def test_a_common_bias_at_extreme_probabilities(base: float) -> None:
    """At 1e-6 and its mirror image, exact counts leave an interval around 0, and one below 2 %."""
    drawn = 10**12
    ends = common_relative_bias([round(base * drawn)], [drawn], base, confidence=1 - 1e-13)
    assert -0.02 < ends.lowest < 0 < ends.highest < 0.02


def test_experiments_without_information_change_nothing() -> None:
    """No trials, or a probability of 0 without successes, leave the interval unchanged."""
    alone = common_relative_bias([40], [100], 0.5, confidence=0.99)
    assert common_relative_bias([40, 0, 0], [100, 0, 50], [0.5, 0.9, 0], confidence=0.99) == alone
    assert common_relative_bias([0], [0], 0.5, confidence=0.9) == Interval(-1.0, math.inf)


def test_the_interval_and_the_evidence_agree_about_zero() -> None:
    """Counts with overwhelming evidence against no bias have an interval without 0."""
    trials = Trials.of(5300, 10_000, 0.5)
    assert log_evalues(trials, discrepancy=0.03)[0] > math.log(1e3)
    assert common_relative_bias([5300], [10_000], 0.5, confidence=0.999).lowest > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: clopper_pearson(5, 4, confidence=0.9), "successes=5 of trials=4"),
        (lambda: clopper_pearson(1, 4, confidence=1.0), "confidence=1.0: it must lie strictly"),
        (
            lambda: clopper_pearson(1, 4, confidence=0.9, num_looks=0),
            "num_looks=0: it must be at least 1",
        ),
        (
            lambda: common_relative_bias([1], [4], 0.0, confidence=0.9),
            "probability=0 for an experiment that had successes",
        ),
        (lambda: common_relative_bias([1], [4], 0.5, confidence=0.0), "confidence=0.0: it must"),
        (lambda: common_relative_bias([1], [4], 1.5, confidence=0.9), r"the null \[1.5, 1.5\]"),
    ],
)
def test_bad_arguments_are_named(call: Callable[[], Any], message: str) -> None:
    """The message names the argument, its value and the rule."""
    with pytest.raises(ValueError, match=message):
        call()
