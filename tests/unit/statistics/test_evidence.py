"""Evidence: mean at most 1 when the property is true, and enough when it is false.

Calibration is exact: all counts are enumerated, and each helper is also seen to catch an e-value
that is broken in the way it guards against.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import binom, binomtest

from dropout_props.statistics import Interval, Trials, log_evalues, log_mean_evalue

Evidence = Callable[..., Any]
NULLS: list[Interval | float] = [
    0.5,
    0.9,
    0.99,
    1e-3,
    1e-6,
    1 - 1e-6,
    1e-9,
    1 - 1e-9,
    Interval(0.0, 0.0),
    Interval(1.0, 1.0),
    Interval(0.4, 0.6),
    Interval(0.89, 0.91),
    Interval(0.0, 0.1),
    Interval(0.9, 1.0),
    Interval(0.9 - 1e-7, 0.9 + 1e-7),
]
DISCREPANCIES = [0.3, 0.05, 1e-3, 1e-9]


def ends(null: Interval | float) -> Interval:
    """Return a number as an interval."""
    return null if isinstance(null, Interval) else Interval(null, null)


def largest_log_mean(evidence: Evidence, null: Interval | float, discrepancy: float) -> float:
    """Return the largest log mean of the e-value, over truths in the null and up to 40 trials."""
    largest = -math.inf
    truths = np.unique(np.linspace(*ends(null), 11))
    for n in range(1, 41):
        counts = np.arange(n + 1)
        log_es = evidence(Trials.of(counts, n, null), discrepancy=discrepancy)
        for truth in truths:
            chances = binom.logpmf(counts, n, truth)
            happens = np.isfinite(chances)
            largest = max(largest, float(logsumexp(chances[happens] + log_es[happens])))
    return largest


def one_too_many(trials: Trials, *, discrepancy: float) -> Any:
    """Forget to halve the sum of the two priors."""
    return log_evalues(trials, discrepancy=discrepancy) + math.log(2)


def peeking(trials: Trials, *, discrepancy: float) -> Any:
    """Tune the prior to the counts: use the observed discrepancy."""
    middle = (trials.lowest + trials.highest) / 2
    seen = np.abs(trials.successes / trials.trials - middle)
    return log_evalues(trials, discrepancy=np.clip(seen, 1e-3, 0.9))


def against_the_middle(trials: Trials, *, discrepancy: float) -> Any:
    """Forget to minimise over the interval."""
    middle = Trials(
        trials.successes,
        trials.trials,
        (trials.lowest + trials.highest) / 2,
        (trials.lowest + trials.highest) / 2,
    )
    return log_evalues(middle, discrepancy=discrepancy)


@pytest.mark.parametrize("discrepancy", DISCREPANCIES)
@pytest.mark.parametrize("null", NULLS)
def test_the_mean_is_at_most_one_when_the_property_is_true(
    null: Interval | float, discrepancy: float
) -> None:
    """Over all counts of up to 40 trials, at every truth in the null, the mean is at most 1."""
    assert largest_log_mean(log_evalues, null, discrepancy) <= 1e-9


@pytest.mark.parametrize("null", [0.5, 0.9, 1e-3])
def test_the_mean_is_one_at_a_single_null(null: float) -> None:
    """No evidence is lost where the null is a single number."""
    assert largest_log_mean(log_evalues, null, 0.05) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("broken", "null"),
    [(one_too_many, 0.5), (peeking, 0.5), (against_the_middle, Interval(0.4, 0.6))],
)
def test_a_broken_evalue_has_a_larger_mean(broken: Evidence, null: Interval | float) -> None:
    """The enumeration detects a lost factor, a tuned prior, and a null that is not minimised."""
    assert largest_log_mean(broken, null, 0.05) > 0.05


@pytest.mark.parametrize("rate", [0.1, 0.01, 1e-4])
@pytest.mark.parametrize("null", [0.5, 0.9, 0.999, Interval(0.45, 0.55), Interval(0.9, 1.0)])
def test_looking_after_every_trial_costs_nothing(
    walk: Any, null: Interval | float, rate: float
) -> None:
    """With 400 looks the chance of ever rejecting a true property stays within the rate."""
    for discrepancy in (0.2, 0.02):

        def rejects(counts: Any, n: int, shift: float = discrepancy) -> Any:
            return log_evalues(Trials.of(counts, n, null), discrepancy=shift) >= -math.log(rate)

        chances, _ = walk(rejects, np.unique(np.linspace(*ends(null), 5)), 400)
        assert chances.max() <= rate


@pytest.mark.parametrize("rate", [0.1, 0.01])
def test_looking_often_breaks_a_fixed_sample_test(walk: Any, rate: float) -> None:
    """The same walk catches an exact p-value that is looked at after every trial."""

    def rejects(counts: Any, n: int) -> Any:
        tails = np.minimum(binom.cdf(counts, n, 0.5), binom.sf(counts - 1, n, 0.5))
        return 2 * tails <= rate

    chances, _ = walk(rejects, 0.5, 400)
    assert chances[0] > 2 * rate


def test_order_and_batches_do_not_matter() -> None:
    """Evidence of counts that were added is the evidence of the sum."""
    one, two = Trials.of([3, 50], [10, 100], 0.4), Trials.of([9, 0], [20, 10], 0.4)
    both = Trials.of([12, 50], [30, 110], 0.4)
    assert np.array_equal(
        log_evalues(one + two, discrepancy=0.1), log_evalues(both, discrepancy=0.1)
    )


def test_successes_and_failures_are_alike() -> None:
    """Calling a success a failure changes no evidence."""
    wins, losses = Trials.of([3, 90], 100, 0.8), Trials.of([97, 10], 100, 1 - 0.8)
    assert log_evalues(wins, discrepancy=0.1) == pytest.approx(log_evalues(losses, discrepancy=0.1))


def test_nothing_drawn_is_no_evidence() -> None:
    """Without trials the e-value is exactly 1, for every null."""
    for null in NULLS:
        assert log_evalues(Trials.of(0, 0, null), discrepancy=0.1).tolist() == [0.0]


def test_an_impossible_event_is_infinite_evidence() -> None:
    """One success at probability 0, or one failure at probability 1, decides."""
    assert log_evalues(Trials.of(1, 10**9, 0.0), discrepancy=0.1)[0] == math.inf
    assert log_evalues(Trials.of(10**9 - 1, 10**9, 1.0), discrepancy=0.1)[0] == math.inf
    assert log_evalues(Trials.of(10**9 - 1, 10**9, Interval(0.9, 1.0)), discrepancy=0.01)[0] < 0


def test_a_certain_event_is_no_evidence() -> None:
    """A certain outcome is evidence neither for nor against."""
    assert log_evalues(Trials.of(0, 10**9, 0.0), discrepancy=0.1)[0] == 0.0
    assert log_evalues(Trials.of(10**9, 10**9, 1.0), discrepancy=0.1)[0] == 0.0


@pytest.mark.parametrize("null", [1e-9, 1e-30, 1e-300])
def test_two_rare_events_in_a_row_are_overwhelming(null: float) -> None:
    """Two of ten successes at 1e-9 decide at a rate of 1e-13, whatever the discrepancy."""
    for discrepancy in (0.5, 1e-3, 1e-9):
        for successes, probability in ((2, null), (8, 1 - max(null, 1e-15))):
            trials = Trials.of(successes, 10, probability)
            assert log_evalues(trials, discrepancy=discrepancy)[0] > -math.log(1e-13)


@pytest.mark.parametrize("null", [1e-6, 1e-3, 0.5, 0.9, 1 - 1e-6])
def test_evidence_holds_at_a_trillion_trials(null: float) -> None:
    """Counts that are exactly as expected give none, in spite of rounding."""
    trials = Trials.of(round(10**12 * null), 10**12, null)
    log_e = log_evalues(trials, discrepancy=0.1 * min(null, 1 - null))[0]
    assert -30 < log_e < 0


def log_evidence_at(null: float, discrepancy: float, truth: float, num_trials: int) -> float:
    """Return the evidence of counts that follow the truth."""
    trials = Trials.of(round(truth * num_trials), num_trials, null)
    return float(log_evalues(trials, discrepancy=discrepancy)[0])


@pytest.mark.parametrize("null", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_promised_shift_costs_little_more_than_an_informed_test(null: float, sign: int) -> None:
    """At 1e-12, counts at the promised shift decide within 1.2 times the best test's trials."""
    shift = 0.01 * min(null, 1 - null)
    truth = null + sign * shift
    per_trial = truth * math.log(truth / null) + (1 - truth) * math.log((1 - truth) / (1 - null))
    best = math.log(1e12) / per_trial
    assert log_evidence_at(null, shift, truth, math.ceil(1.2 * best)) >= math.log(1e12)


@pytest.mark.parametrize(
    ("null", "truth", "enough"),
    [(0.9, 0.1, 25), (0.5, 1.0, 60), (0.5, 0.0, 60), (0.9, 0.5, 100), (0.1, 0.9, 25)],
)
def test_a_gross_fault_needs_few_trials(null: float, truth: float, enough: int) -> None:
    """A fault far beyond a discrepancy of 1e-4 is found at 1e-12 within tens of trials."""
    assert log_evidence_at(null, 1e-4, truth, enough) >= math.log(1e12)


def test_each_prior_alone_would_be_slow() -> None:
    """A prior of the promised spread alone, without the flat half, needs more trials."""
    weight = 0.25 / 1e-4**2
    trials = Trials.of(60, 60, 0.5)
    narrow = float(
        np.sum(np.log((0.5 + weight / 2 + np.arange(60)) / (1 + weight + np.arange(60)) / 0.5))
    )
    assert narrow < 1 < math.log(1e12) <= log_evalues(trials, discrepancy=1e-4)[0]


def test_it_agrees_with_an_exact_test_about_the_order() -> None:
    """Log evidence against 0.5 at 1000 trials rises as the exact p-value falls."""
    counts = [500, 520, 540, 560, 600, 700]
    log_es = log_evalues(Trials.of(counts, 1000, 0.5), discrepancy=0.05)
    p_values = [binomtest(count, 1000, 0.5).pvalue for count in counts]
    assert np.all(np.diff(log_es) > 0)
    assert np.all(np.diff(p_values) < 0)


@pytest.mark.parametrize("null", [0.5, 0.9, Interval(0.4, 0.6)])
def test_means_of_dependent_evidence_are_evidence(null: Interval | float) -> None:
    """Counts that determine each other, in families of different size, keep the mean within 1."""
    worst = -math.inf
    for n in range(1, 41):
        counts = np.arange(n + 1)
        means = [
            log_mean_evalue(
                [
                    log_evalues(Trials.of([count, count], n, null), discrepancy=0.1),
                    log_evalues(Trials.of(count, n, null), discrepancy=0.3),
                ]
            )
            for count in counts
        ]
        for truth in np.linspace(*ends(null), 5):
            worst = max(worst, float(logsumexp(binom.logpmf(counts, n, truth) + means)))
    assert worst <= 1e-9


def test_a_mean_is_over_families_and_then_members() -> None:
    """One total has the weight of a thousand positions; families without members have none."""
    total, positions = np.log([8.0]), np.log(np.full(1000, 2.0))
    assert log_mean_evalue([total, positions, []]) == pytest.approx(math.log(5.0))
    assert log_mean_evalue([]) == 0.0
    assert log_mean_evalue([[], []]) == 0.0


def test_a_mean_holds_with_infinite_and_huge_evidence() -> None:
    """Evidence beyond the range of float64 is averaged as a logarithm."""
    assert log_mean_evalue([[1e6, 0.0]]) == pytest.approx(1e6 - math.log(2))
    assert log_mean_evalue([[math.inf, -math.inf], [0.0]]) == math.inf


@pytest.mark.parametrize("discrepancy", [0.0, -0.1, 1.0, float("nan"), [0.1, 0.0]])
def test_a_discrepancy_outside_is_refused(discrepancy: Any) -> None:
    """The message names the value and the rule."""
    with pytest.raises(ValueError, match=r"discrepancy=.*must lie strictly between 0 and 1"):
        log_evalues(Trials.of([1, 2], 10, 0.5), discrepancy=discrepancy)


def test_each_member_may_have_its_own_discrepancy() -> None:
    """An array of discrepancies is read member by member."""
    trials = Trials.of([60, 60], 100, 0.5)
    both = log_evalues(trials, discrepancy=[0.1, 0.001])
    alone = [log_evalues(Trials.of(60, 100, 0.5), discrepancy=d)[0] for d in (0.1, 0.001)]
    assert both.tolist() == alone
