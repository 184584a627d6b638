"""Exact intervals cover the truth with their confidence, at every stopping time that they allow."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from dropout_props.statistics import Interval, clopper_pearson

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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: clopper_pearson(5, 4, confidence=0.9), "successes=5 of trials=4"),
        (lambda: clopper_pearson(1, 4, confidence=1.0), "confidence=1.0: it must lie strictly"),
        (
            lambda: clopper_pearson(1, 4, confidence=0.9, num_looks=0),
            "num_looks=0: it must be at least 1",
        ),
    ],
)
def test_bad_arguments_are_named(call: Callable[[], Any], message: str) -> None:
    """The message names the argument, its value and the rule."""
    with pytest.raises(ValueError, match=message):
        call()
