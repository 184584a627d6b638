"""Exclusion of a discrepancy: rare for a truth at an edge or beyond, soon for correct code."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from dropout_props.statistics import Interval, Trials, excluded

CASES: list[tuple[Interval | float, float]] = [
    (0.5, 0.15),
    (0.9, 0.08),
    (0.9, 0.1),
    (0.95, 0.2),
    (0.02, 0.1),
    (Interval(0.45, 0.55), 0.15),
    (0.5, 0.5),
    (0.0, 0.05),
    (1.0, 0.05),
]


def faults(null: Interval | float, discrepancy: float) -> list[float]:
    """Return success probabilities at the edges that exist, and beyond them."""
    lowest, highest = null if isinstance(null, Interval) else (null, null)
    shifts = discrepancy * np.array([1.0, 1.01, 1.3, 2.0])
    truths = np.concatenate([highest + shifts, lowest - shifts])
    return [float(truth) for truth in truths if 0 <= truth <= 1]


def ever(walk: Any, rule: Any, null: Interval | float, discrepancy: float, rate: float) -> float:
    """Return the largest chance, over the faults, that the rule ever rules them out."""

    def stops(counts: Any, n: int) -> Any:
        trials = Trials.of(counts, n, null)
        return rule(trials, discrepancy=discrepancy, false_pass_rate=rate)

    chances, _ = walk(stops, faults(null, discrepancy), 400)
    return float(chances.max())


@pytest.mark.parametrize("rate", [0.1, 0.01, 1e-4])
@pytest.mark.parametrize(("null", "discrepancy"), CASES)
def test_a_fault_is_hardly_ever_ruled_out(
    walk: Any, null: Interval | float, discrepancy: float, rate: float
) -> None:
    """Looking after each of 400 trials, a truth at or past an edge passes within the rate."""
    assert ever(walk, excluded, null, discrepancy, rate) <= rate


@pytest.mark.parametrize("rate", [0.1, 0.01])
def test_the_rate_is_nearly_used(walk: Any, rate: float) -> None:
    """At the edge the chance is near its bound, so no draws are wasted."""
    assert ever(walk, excluded, 0.5, 0.15, rate) >= 0.5 * rate


def either_edge(trials: Trials, *, discrepancy: float, false_pass_rate: float) -> Any:
    """Pass as soon as one of the two edges is ruled out."""
    above = excluded(
        Trials(trials.successes, trials.trials, trials.highest * 0, trials.highest),
        discrepancy=discrepancy,
        false_pass_rate=false_pass_rate,
    )
    below = excluded(
        Trials(trials.successes, trials.trials, trials.lowest, trials.lowest * 0 + 1),
        discrepancy=discrepancy,
        false_pass_rate=false_pass_rate,
    )
    return above | below


def one_look(trials: Trials, *, discrepancy: float, false_pass_rate: float) -> Any:
    """Pass when a test for a single look rejects both edges."""
    above, below = trials.highest + discrepancy, trials.lowest - discrepancy
    low_enough = binom.cdf(trials.successes, trials.trials, above) <= false_pass_rate
    high_enough = binom.sf(trials.successes - 1, trials.trials, below) <= false_pass_rate
    return low_enough & high_enough


def twice_as_far(trials: Trials, *, discrepancy: float, false_pass_rate: float) -> Any:
    """Place the edges at twice the discrepancy: a lost factor."""
    return excluded(trials, discrepancy=2 * discrepancy, false_pass_rate=false_pass_rate)


@pytest.mark.parametrize("broken", [either_edge, one_look, twice_as_far])
def test_a_broken_rule_passes_faults(walk: Any, broken: Any) -> None:
    """The same walk detects one edge for two, looks without correction, and a wrong edge."""
    assert ever(walk, broken, 0.5, 0.15, 0.01) > 0.015


@pytest.mark.parametrize(("null", "discrepancy"), CASES)
def test_correct_code_is_passed_soon(walk: Any, null: Interval | float, discrepancy: float) -> None:
    """A truth in the null rules both edges out well within 400 trials."""

    def stops(counts: Any, n: int) -> Any:
        return excluded(Trials.of(counts, n, null), discrepancy=discrepancy, false_pass_rate=0.1)

    truths = np.linspace(*(null if isinstance(null, Interval) else (null, null)), 3)
    chances, mean = walk(stops, truths, 400)
    assert chances.min() >= 0.95
    assert mean.max() <= 200


def test_nothing_drawn_rules_nothing_out() -> None:
    """Without trials no edge that exists is ruled out."""
    for null, discrepancy in CASES:
        trials = Trials.of(0, 0, null)
        assert not excluded(trials, discrepancy=discrepancy, false_pass_rate=0.1)[0]


def test_an_edge_beyond_one_needs_no_ruling_out() -> None:
    """At null 0.95 and discrepancy 0.2 only the lower edge, 0.75, is a probability."""
    trials = Trials.of([40, 20], [40, 40], 0.95)
    assert excluded(trials, discrepancy=0.2, false_pass_rate=0.01).tolist() == [True, False]


def test_an_edge_at_one_is_ruled_out_by_one_failure() -> None:
    """At null 0.7 and discrepancy 0.3 the upper edge is exactly 1, in spite of rounding."""
    trials = Trials.of([70, 100], 100, 0.7)
    assert excluded(trials, discrepancy=0.3, false_pass_rate=1e-6).tolist() == [True, False]
    trials = Trials.of([27, 0], 90, 0.3)
    assert excluded(trials, discrepancy=0.1 * 3, false_pass_rate=1e-6).tolist() == [True, False]


def test_a_certain_event_rules_out_what_is_less_certain() -> None:
    """At null 1, successes rule out 0.9, and after one failure they never do."""
    trials = Trials.of([200, 199], 200, 1.0)
    assert excluded(trials, discrepancy=0.1, false_pass_rate=1e-6).tolist() == [True, False]


def test_an_outcome_that_neither_side_allows_rules_nothing_out() -> None:
    """At null 0 with the edge at 1, a mixed count is impossible under both, and passes nothing."""
    mixed = Trials.of(5, 10, Interval(0.0, 0.0))
    assert not excluded(mixed, discrepancy=0.5, false_pass_rate=0.1)[0]


def test_deep_rates_and_extreme_nulls() -> None:
    """At 1e-13, and a null of 1e-6, counts as expected rule out a tenth of it in time."""
    num_trials = 2 * 10**10
    trials = Trials.of([20_000, 22_000], num_trials, 1e-6)
    assert excluded(trials, discrepancy=1e-7, false_pass_rate=1e-13).tolist() == [True, False]
    trials = Trials.of(num_trials - trials.successes, num_trials, 1 - 1e-6)
    assert excluded(trials, discrepancy=1e-7, false_pass_rate=1e-13).tolist() == [True, False]


def test_an_impossible_discrepancy_is_refused() -> None:
    """No probability is at that distance from the null, so every result would pass."""
    with pytest.raises(ValueError, match=r"discrepancy=0.6: .*\[0.5, 0.5\] \(member 1\)"):
        excluded(Trials.of([1, 1], 10, 0.5), discrepancy=[0.5, 0.6], false_pass_rate=0.1)


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, float("nan")])
def test_a_rate_outside_is_refused(rate: float) -> None:
    """The message names the rate, its value and the rule."""
    with pytest.raises(ValueError, match=r"false_pass_rate=.*must lie strictly between 0 and 1"):
        excluded(Trials.of(1, 10, 0.5), discrepancy=0.1, false_pass_rate=rate)


def test_a_discrepancy_outside_is_refused() -> None:
    """The message names the value and the rule."""
    with pytest.raises(ValueError, match=r"discrepancy=0\.0: it must lie strictly between"):
        excluded(Trials.of(1, 10, 0.5), discrepancy=0.0, false_pass_rate=0.1)
