"""The whole sequential test: how much it draws, how often it errs, and the forecast of both."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from dropout_props.statistics import (
    Interval,
    Trials,
    excluded,
    expected_num_trials,
    ledger_threshold,
    log_evalues,
    min_num_trials,
)

NUM_RUNS = 2000
NUM_BLOCKS = 1500


def run_many(
    rng: Any, *, null: float, shift: float, truth: float, fails: float, passes: float, block: int
) -> tuple[Any, Any, Any]:
    """Draw 2000 runs block by block until each is decided.

    Returns: float64[num_runs] trials drawn, bool[num_runs] failed, bool[num_runs] passed.
    """
    won = np.zeros(NUM_RUNS, dtype=np.int64)
    drawn = np.zeros(NUM_RUNS, dtype=np.int64)
    failed, passed = np.zeros(NUM_RUNS, dtype=bool), np.zeros(NUM_RUNS, dtype=bool)
    for _ in range(NUM_BLOCKS):
        going = ~(failed | passed)
        if not going.any():
            break
        won[going] += rng.binomial(block, truth, going.sum())
        drawn[going] += block
        trials = Trials.of(won[going], drawn[going], null)
        wrong = log_evalues(trials, discrepancy=shift) >= ledger_threshold(fails)
        failed[going] = wrong
        passed[going] = ~wrong & excluded(trials, discrepancy=shift, false_pass_rate=passes)
    return drawn, failed, passed


def settings(null: float, relative: float, fails: float, passes: float) -> dict[str, Any]:
    """Return the arguments that the fixed and the sequential design share."""
    return {
        "discrepancy": relative * min(null, 1 - null),
        "probability": null,
        "false_fail_rate": fails,
        "false_pass_rate": passes,
    }


def draws_ratio(rng: Any, null: float, relative: float, fails: float, passes: float) -> float:
    """Return draws of the sequential test on correct code over those of the fixed-sample test."""
    design = settings(null, relative, fails, passes)
    fixed = min_num_trials(**design)
    drawn, failed, passed = run_many(
        rng,
        null=null,
        shift=design["discrepancy"],
        truth=null,
        fails=fails,
        passes=passes,
        block=max(1, fixed // 500),
    )
    assert passed.all()
    assert not failed.any()
    ratio = float(drawn.mean() / fixed)
    print(f"null {null}, shift {relative:g}, {fails:g}/{passes:g}: {ratio:.3f} of {fixed}")  # noqa: T201
    return ratio


@pytest.mark.parametrize(("fails", "passes"), [(1e-9, 1e-3), (1e-9, 1e-6), (1e-11, 1e-9)])
@pytest.mark.parametrize(("null", "relative"), [(0.5, 0.01), (0.9, 0.02), (0.99, 0.1)])
def test_correct_code_draws_a_third_of_the_fixed_sample(
    rng: Any, null: float, relative: float, fails: float, passes: float
) -> None:
    """On average over 2000 runs at most 0.35 of the fixed sample is drawn, and the rest saved."""
    assert draws_ratio(rng, null, relative, fails, passes) <= 0.35


@pytest.mark.parametrize(("fails", "passes"), [(1e-3, 1e-3), (1e-9, 1e-6)])
@pytest.mark.parametrize(("null", "relative"), [(0.5, 0.05), (0.5, -0.05), (0.9, 0.1), (0.9, -0.1)])
def test_the_promised_fault_is_failed(
    rng: Any, null: float, relative: float, fails: float, passes: float
) -> None:
    """At the promised shift every run is decided, and passes within the false pass rate."""
    design = settings(null, abs(relative), fails, passes)
    drawn, failed, passed = run_many(
        rng,
        null=null,
        shift=design["discrepancy"],
        truth=null + math.copysign(design["discrepancy"], relative),
        fails=fails,
        passes=passes,
        block=max(1, min_num_trials(**design) // 200),
    )
    assert (failed | passed).all()
    assert passed.sum() <= binom.isf(1e-9, NUM_RUNS, passes)
    assert drawn.mean() <= 0.6 * min_num_trials(**design)


def test_a_gross_fault_is_failed_at_once(rng: Any) -> None:
    """Without any dropout at rate 0.1, less than 0.004 of the fixed sample is drawn."""
    design = settings(0.9, 0.01, 1e-9, 1e-6)
    fixed = min_num_trials(**design)
    drawn, failed, _ = run_many(
        rng, null=0.9, shift=design["discrepancy"], truth=1.0, fails=1e-9, passes=1e-6, block=64
    )
    assert failed.all()
    assert drawn.mean() <= 0.004 * fixed


@pytest.mark.parametrize(("fails", "passes"), [(0.1, 0.1), (0.1, 0.01)])
@pytest.mark.parametrize(("null", "shift"), [(0.5, 0.15), (0.9, 0.08)])
def test_both_errors_hold_together(
    walk: Any, null: float, shift: float, fails: float, passes: float
) -> None:
    """Stopping for and against after every trial, correct code fails and faults pass in bounds."""

    def rejects(counts: Any, n: int) -> Any:
        trials = Trials.of(counts, n, null)
        return log_evalues(trials, discrepancy=shift) >= ledger_threshold(fails)

    def accepts(counts: Any, n: int) -> Any:
        trials = Trials.of(counts, n, null)
        return excluded(trials, discrepancy=shift, false_pass_rate=passes) & ~rejects(counts, n)

    assert walk(rejects, null, 400)[0][0] <= fails
    assert walk(accepts, [null - shift, null + shift], 400)[0].max() <= passes


@pytest.mark.parametrize(
    ("null", "shift", "passes"),
    [
        (0.5, 0.1, 0.01),
        (0.95, 0.1, 1e-6),
        pytest.param(0.5, 0.1, 1e-3, marks=pytest.mark.nightly),
        pytest.param(0.9, 0.05, 1e-3, marks=pytest.mark.nightly),
        pytest.param(1.0, 0.05, 1e-3, marks=pytest.mark.nightly),
    ],
)
def test_the_forecast_of_a_pass_is_near_the_exact_mean(
    walk: Any, null: float, shift: float, passes: float
) -> None:
    """The mean over all sequences of trials is within a fifth of the forecast."""

    def accepts(counts: Any, n: int) -> Any:
        return excluded(Trials.of(counts, n, null), discrepancy=shift, false_pass_rate=passes)

    chance, mean = walk(accepts, null, 2500)
    assert chance[0] > 0.99
    forecast = expected_num_trials(
        discrepancy=shift, probability=null, false_fail_rate=1e-9, false_pass_rate=passes
    )
    assert mean[0] == pytest.approx(forecast, rel=0.2)


@pytest.mark.parametrize(("fails", "passes"), [(1e-3, 1e-3), (1e-9, 1e-6)])
@pytest.mark.parametrize(("null", "relative"), [(0.5, 0.02), (0.99, 0.2), (1e-6, 0.1)])
def test_the_forecast_is_near_the_mean_of_many_runs(
    rng: Any, null: float, relative: float, fails: float, passes: float
) -> None:
    """Both a pass of correct code and a failure at three times the shift are forecast."""
    design = settings(null, relative, fails, passes)
    for truth in (None, null + 3 * design["discrepancy"]):
        forecast = expected_num_trials(**design, truth=truth)
        drawn, failed, passed = run_many(
            rng,
            null=null,
            shift=design["discrepancy"],
            truth=null if truth is None else truth,
            fails=fails,
            passes=passes,
            block=max(1, forecast // 100),
        )
        assert (failed | passed).all()
        assert drawn.mean() == pytest.approx(forecast, rel=0.2)


def test_the_forecast_is_below_the_fixed_sample_at_every_depth() -> None:
    """From rates of 1e-3 to 1e-13 and nulls of 1e-6 to 1 - 1e-6, sequential is cheaper."""
    for null in (1e-6, 0.1, 0.5, 1 - 1e-6):
        for rate in (1e-3, 1e-9, 1e-13):
            design = settings(null, 0.1, rate, rate)
            assert expected_num_trials(**design) < 0.5 * min_num_trials(**design)


def test_a_certain_null_is_forecast_exactly() -> None:
    """At null 0 each failure multiplies the evidence by the same factor."""
    forecast = expected_num_trials(
        discrepancy=0.1, probability=0.0, false_fail_rate=1e-9, false_pass_rate=1e-6
    )
    assert forecast == math.ceil(math.log(1e-6) / math.log(0.9))


def good(**changes: Any) -> dict[str, Any]:
    """Return good arguments of ``expected_num_trials`` with some of them changed."""
    return {**settings(0.5, 0.1, 0.01, 0.01), **changes}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: expected_num_trials(**good(truth=0.5)), "truth=0.5: it must be a probability"),
        (
            lambda: expected_num_trials(**good(truth=0.45, probability=Interval(0.4, 0.5))),
            r"truth=0.45: .*outside the null \(0.4, 0.5\)",
        ),
        (lambda: expected_num_trials(**good(truth=1.5)), "truth=1.5: it must be a probability"),
        (lambda: expected_num_trials(**good(discrepancy=0.7)), "no success probability is that"),
        (lambda: expected_num_trials(**good(false_fail_rate=0)), "false_fail_rate=0: it must lie"),
        (lambda: expected_num_trials(**good(false_pass_rate=0)), "false_pass_rate=0: it must lie"),
    ],
)
def test_bad_arguments_are_named(call: Callable[[], Any], message: str) -> None:
    """The message names the argument, its value and the rule."""
    with pytest.raises(ValueError, match=message):
        call()
