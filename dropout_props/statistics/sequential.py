"""Sequential design: how many trials drawing until it is decided will take.

Question: about how many trials will the run draw when the property is true, and when it is false by
a given amount?
Guarantee: none but of the order: it is a forecast for the ``plan`` command, and no verdict rests
on it. The tests hold it to within a fifth of exact and simulated means.
Cannot say: what one run will take; single runs vary by about half of it.

References:
    Wald 1947, Sequential Analysis (the mean of a first passage); Robbins 1970, as in evidence.py.
"""

from __future__ import annotations

import math

import numpy as np

from dropout_props.statistics.arguments import require_inside
from dropout_props.statistics.binomial import normal_cdf
from dropout_props.statistics.design import Side, sides
from dropout_props.statistics.evidence import log_evalues
from dropout_props.statistics.ledger import ledger_threshold
from dropout_props.statistics.trials import Interval, Trials, as_probability

__all__ = ["expected_num_trials"]


def expected_num_trials(
    *,
    discrepancy: float,
    probability: Interval | float,
    false_fail_rate: float,
    false_pass_rate: float,
    truth: float | None = None,
) -> int:
    """Forecast the mean number of trials until the sequential test has decided.

    Args:
        discrepancy: the promised shift of the success probability, absolute, in (0, 1).
        probability: the null, a number or an interval.
        false_fail_rate: the rate whose inverse ``log_evalues`` must reach to reject.
        false_pass_rate: the rate given to ``excluded``, which must hold to accept.
        truth: the success probability, to forecast when it is rejected; None: the middle of the
            null, to forecast when it is accepted.

    Returns:
        A number of trials; the engine rounds it up to whole blocks.

    Raises:
        ValueError: the truth is in the null (leave it out), or a rate or discrepancy is invalid.
    """
    null = as_probability(probability)
    asked = sides(null, discrepancy)
    require_inside(false_fail_rate=false_fail_rate, false_pass_rate=false_pass_rate)
    if truth is None:
        return max(1, math.ceil(_mean_to_accept(asked, null.midpoint, -math.log(false_pass_rate))))
    if not 0.0 <= truth <= 1.0 or null.lowest <= truth <= null.highest:
        msg = (
            f"truth={truth!r}: it must be a probability outside the null {tuple(null)}. "
            "Leave it out to forecast the trials of correct code."
        )
        raise ValueError(msg)
    return _num_to_reject(null, discrepancy, truth, ledger_threshold(false_fail_rate))


def _mean_to_accept(asked: list[Side], truth: float, needed: float) -> float:
    """Return approximately the mean of the later of two first passages.

    One random walk drives both, in opposite directions, so when one edge is ruled out late, the
    other is ruled out early.
    """
    passages = [_passage(side, truth if side.is_above else 1 - truth, needed) for side in asked]
    if len(passages) == 1:
        return passages[0][0]
    (mean_one, spread_one), (mean_two, spread_two) = passages
    gap, spread = mean_one - mean_two, spread_one + spread_two
    if spread == 0:
        return max(mean_one, mean_two)
    density = math.exp(-((gap / spread) ** 2) / 2) / math.sqrt(2 * math.pi)
    folded = spread * 2 * density + gap * (1 - 2 * normal_cdf(-gap / spread))
    return (mean_one + mean_two + folded) / 2


def _passage(side: Side, truth: float, needed: float) -> tuple[float, float]:
    """Return mean and standard deviation of the trials until one edge is ruled out."""
    gain = math.log1p(-side.null) - math.log1p(-side.edge) if side.edge < 1 else math.inf
    loss = math.log(side.edge) - math.log(side.null) if side.null > 0 else math.inf
    if math.isinf(gain):  # the first failure rules the edge out
        return 1 / (1 - truth), math.sqrt(truth) / (1 - truth)
    if math.isinf(loss):  # a null of exactly 0: every trial fails
        return math.ceil(needed / gain), 0.0
    drift = (1 - truth) * gain - truth * loss
    variance = truth * (1 - truth) * (gain + loss) ** 2
    mean = needed / drift
    return mean, math.sqrt(mean * variance) / drift


def _num_to_reject(null: Interval, discrepancy: float, truth: float, needed: float) -> int:
    """Return the trials after which counts that follow the truth have enough evidence."""

    def log_evidence(num_trials: float) -> float:
        total = math.ceil(num_trials)
        counted = Trials.of(round(total * truth), total, null)
        return float(log_evalues(counted, discrepancy=discrepancy)[0])

    failing, holding = 0.0, 1.0
    while log_evidence(holding) < needed:
        failing, holding = holding, 2 * holding
    while holding - failing > max(1.0, 1e-3 * holding):
        middle = (failing + holding) / 2
        failing, holding = (
            (failing, middle) if log_evidence(middle) >= needed else (middle, holding)
        )
    return int(np.ceil(holding))
