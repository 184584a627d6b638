"""(b) The false alarm rate at its real size, 1e-12 per property, by importance sampling.

Question: how often does a ledger raise a false alarm at the budget that a run has? The examples
are drawn under the alternatives of the likelihood ratio that the evidence is: either all examples
are shifted, or one is. A ledger M is then the likelihood ratio of all its examples, and the false
alarm rate under the null is the mean of 1/M over the ledgers that raise an alarm. Each such 1/M is
at most the share, so 2e4 ledgers estimate the rate to about 1 %; plain simulation takes 1e12.

References:
    Siegmund 1976, "Importance sampling in the Monte Carlo study of sequential tests", Ann.
    Statist. 4.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import betaln, xlog1py, xlogy

from dropout_props.engine import Settings, decide, sequential_test
from dropout_props.engine.sequential_test import Rule
from dropout_props.selftest.measured import Measured, at_most
from dropout_props.statistics import Trials, excluded

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["measure"]

_PART = "(b) depth"
_KEEP_RATES = (0.001, 0.1, 0.5, 0.9, 0.999)
_DISCREPANCY = 0.01  # standard deviations of one trial
_LOOKS = 40
_CONFIDENCE = 0.999


def measure(*, run_seed: int = 0, ledgers: int = 20_000) -> Iterator[Measured]:
    """Measure at each keep rate; yield the worst rate, for one property and for a whole run."""
    settings = Settings.of(run_seed=run_seed)
    share, number = settings.budget.share, settings.profile.statistical_examples
    found = {keep: _alarm(keep, share, number, ledgers, run_seed) for keep in _KEEP_RATES}
    worst = max(found, key=lambda keep: found[keep][1])
    figure, upper = found[worst]
    budget = settings.budget
    whole = budget.num_properties * budget.capacity
    note = (
        f"{ledgers} ledgers of {number} examples at each of {len(found)} keep rates; worst {worst}"
    )
    divided = budget.false_fail_rate / whole
    yield at_most(_PART, "false alarm of one property", figure, divided, upper=upper, note=note)
    yield at_most(
        _PART,
        "false alarm of a whole run",
        figure * whole,
        budget.false_fail_rate,
        upper=upper * whole,
        note=f"{budget.num_properties} properties x {budget.capacity} subjects, at the worst rate",
    )


def _alarm(
    keep: float, share: float, number: int, ledgers: int, run_seed: int
) -> tuple[float, float]:
    """Return the estimate and its upper confidence bound (empirical Bernstein)."""
    generator = np.random.Generator(np.random.Philox(key=run_seed + 1))
    every = generator.random(ledgers) < 0.5  # noqa: PLR2004 - half of M is the product
    only = generator.integers(number, size=ledgers)
    evidence, truth = [], []
    for position in range(number):
        shifted = every | (only == position)
        log_e, ratio = _example(keep, share, number, shifted, generator)
        evidence.append(log_e)
        truth.append(ratio)
    log_es, ratios = np.array(evidence).T, np.array(truth).T
    single = decide.example_threshold(share, number)
    pooled = np.array([decide.pooled_log_evidence(list(row), number) for row in log_es])
    alarm = (log_es.max(axis=1) >= single) | (pooled >= decide.ledger_threshold(share))
    product = ratios.sum(axis=1)
    mean = np.logaddexp.reduce(ratios, axis=1) - math.log(number)
    log_ratio = np.logaddexp(product, mean) - math.log(2)
    weights = np.where(alarm, np.exp(-log_ratio), 0.0)
    rest = math.log(2 / (1 - _CONFIDENCE))
    spread = math.sqrt(2 * weights.var(ddof=1) * rest / ledgers)
    largest = max(share, float(weights.max()))
    upper = weights.mean() + spread + 7 * largest * rest / (3 * (ledgers - 1))
    return float(weights.mean()), float(upper)


def _example(
    keep: float, share: float, number: int, shifted: np.ndarray[Any, Any], generator: Any
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Run one example of every ledger; return the log evidence of the engine and the true ratio."""
    sd = math.sqrt(keep * (1 - keep))
    shift = _DISCREPANCY * sd
    weight = max(p * (1 - p) for p in (keep, min(1, keep + shift), max(0, keep - shift)))
    weight /= shift**2
    narrow = 0.5 + weight * keep, 0.5 + weight * (1 - keep)
    wide = generator.random(shifted.size) < 0.5  # noqa: PLR2004 - half of the prior is uninformative
    drawn = np.where(
        wide, generator.beta(0.5, 0.5, shifted.size), generator.beta(*narrow, shifted.size)
    )
    rate = np.where(shifted, drawn, keep)
    threshold = decide.example_threshold(share, number)
    rule = Rule(threshold, 1e-3, 1.0)
    block = math.ceil(rule.trials_per_variance(1) / _DISCREPANCY**2 / _LOOKS)
    successes = np.zeros(shifted.size, dtype=np.int64)
    trials = np.zeros(shifted.size, dtype=np.int64)
    alive = np.ones(shifted.size, dtype=bool)
    for _ in range(_LOOKS):
        successes[alive] += generator.binomial(block, rate[alive])
        trials[alive] += block
        counts = Trials.of(successes[alive], trials[alive], keep)
        evidence = sequential_test.log_evalues(counts, discrepancy=shift)
        over = (evidence >= threshold) | excluded(
            counts, discrepancy=shift, false_pass_rate=rule.false_pass_rate
        )
        alive[np.flatnonzero(alive)[over]] = False
        if not alive.any():
            break
    final = sequential_test.log_evalues(Trials.of(successes, trials, keep), discrepancy=shift)
    return final, _log_ratio(successes, trials, keep, narrow)


def _log_ratio(
    successes: np.ndarray[Any, Any], trials: np.ndarray[Any, Any], keep: float, narrow: Any
) -> np.ndarray[Any, Any]:
    """Return the log likelihood ratio of mixture and null, without functions of the engine."""
    failures = trials - successes
    parts = [betaln(a + successes, b + failures) - betaln(a, b) for a, b in (narrow, (0.5, 0.5))]
    null = xlogy(successes, keep) + xlog1py(failures, -keep)
    ratio: np.ndarray[Any, Any] = np.logaddexp(*parts) - math.log(2) - null
    return ratio
