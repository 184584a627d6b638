"""The interval at every stopping time, against enumeration and an independent formula."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import betaln, logsumexp
from scipy.stats import binom

from dropout_props.statistics import anytime_interval
from dropout_props.statistics.anytime import _WEIGHTS, _log_mixture
from dropout_props.statistics.deviance import binomial_deviance


@pytest.mark.parametrize(("truth", "around"), [(0.9, 0.9), (0.5, 0.9), (0.1, 0.1)])
def test_it_ever_misses_the_truth_at_most_as_often_as_it_says(truth: float, around: float) -> None:
    """All paths of 300 trials, enumerated: few ever leave the interval, and some do."""
    error, paths, missed = 0.05, np.ones(1), 0.0
    for trials in range(1, 301):
        paths = np.append(paths * (1 - truth), 0.0) + np.append(0.0, paths * truth)
        counts, of = np.arange(trials + 1), np.full(trials + 1, trials)
        evidence = _log_mixture(counts, of, around) + binomial_deviance(counts, of, truth)
        outside = evidence >= -math.log(error)
        missed += paths[outside].sum()
        paths[outside] = 0.0
    assert 0.002 < missed <= error


def test_the_evidence_has_mean_one() -> None:
    """Whatever the number of trials, as evidence against a true probability must."""
    for trials in (1, 7, 400):
        counts, of = np.arange(trials + 1), np.full(trials + 1, trials)
        evidence = _log_mixture(counts, of, 0.9) + binomial_deviance(counts, of, 0.7)
        assert np.exp(evidence) @ binom.pmf(counts, trials, 0.7) == pytest.approx(1.0, abs=1e-9)


def test_the_ends_are_where_the_evidence_is_one_over_the_error() -> None:
    """By the textbook formula of the mixture, in the range where that one is accurate."""
    kept, masks, error = 8_950, 10_000, 1e-3
    interval = anytime_interval(kept, masks, error=error, around=0.9)
    weights = _WEIGHTS[_WEIGHTS < 1e9]
    alpha, beta = 0.5 + weights * 0.9, 0.5 + weights * 0.1
    known = betaln(alpha + kept, beta + masks - kept) - betaln(alpha, beta)
    # The narrower priors are all but points at 0.9.
    point = kept * math.log(0.9) + (masks - kept) * math.log(0.1)
    mixture = logsumexp([*known, *[point] * (len(_WEIGHTS) - len(weights))])
    for end in interval:
        likelihood = kept * math.log(end) + (masks - kept) * math.log(1 - end)
        evidence = mixture - math.log(len(_WEIGHTS)) - likelihood
        assert evidence == pytest.approx(-math.log(error), abs=1e-5)
    assert interval.lowest < 0.895 < interval.highest


@pytest.mark.parametrize(
    ("trials", "excluded"), [(10**9, 4.1e-5), (10**12, 1.3e-6), (32 * 10**11, 7.4e-7)]
)
def test_what_a_campaign_excludes(trials: int, excluded: float) -> None:
    """The relative width at rate 0.1 falls with the root of the trials, also beyond 2**32."""
    interval = anytime_interval(trials * 9 // 10, trials, error=1e-3, around=0.9)
    for end in interval:
        assert abs(end / 0.9 - 1) == pytest.approx(excluded, rel=0.02)


def test_without_trials_and_with_one_outcome() -> None:
    """Nothing is excluded by nothing; an outcome that never occurred may be impossible."""
    assert anytime_interval(0, 0, error=1e-3, around=0.5) == (0.0, 1.0)
    assert anytime_interval(0, 50, error=1e-3, around=0.0)[0] == 0.0
    assert anytime_interval(50, 50, error=1e-3, around=1.0)[1] == 1.0
    with pytest.raises(ValueError, match="error"):
        anytime_interval(1, 2, error=0.0, around=0.5)
