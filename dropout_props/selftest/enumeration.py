"""(a) Every outcome of a short run, with its probability: no simulation, no approximation.

Question: at each keep rate of a grid, how likely is a false alarm of the ledger over two examples,
and what is the mean of the evidence when the sequential rule stops? Ville's inequality requires a
mean of at most 1, so a factor of two in the evidence is visible there.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_props.engine import decide, sequential_test
from dropout_props.selftest.measured import Measured, at_most
from dropout_props.statistics import Trials, excluded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["KEEP_RATES", "measure"]

KEEP_RATES = (0.001, 0.01, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99, 0.999)

_PART = "(a) enumeration"
_TRIALS = 150
_ALPHAS = (0.2, 0.01)
_EXAMPLES = 2
_FALSE_PASS_RATE = 1e-3
_DISCREPANCY = 0.3  # standard deviations: about half of the examples stop within the trials
_ROUNDING = 1e-9


@dataclass(frozen=True)
class _Endings:
    """All ends of an example: log evidence, ascending, and the log probability of each."""

    log_evidence: np.ndarray[Any, Any]
    log_probability: np.ndarray[Any, Any]


def _endings(keep: float, log_threshold: float) -> _Endings:
    """Return the ends of an example with a look after each trial, over all sequences."""
    alive = np.zeros(1)  # log probability by number of successes
    values: list[float] = []
    weights: list[float] = []
    discrepancy = _DISCREPANCY * np.sqrt(keep * (1 - keep))
    for number in range(1, _TRIALS + 1):
        dropped, kept = alive + np.log1p(-keep), alive + np.log(keep)
        alive = np.logaddexp(np.append(dropped, -np.inf), np.append(-np.inf, kept))
        counts = Trials.of(np.arange(number + 1), number, keep)
        evidence = sequential_test.log_evalues(counts, discrepancy=discrepancy)
        stopped = (evidence >= log_threshold) | excluded(
            counts, discrepancy=discrepancy, false_pass_rate=_FALSE_PASS_RATE
        )
        stopped |= number == _TRIALS
        values.extend(evidence[stopped])
        weights.extend(alive[stopped])
        alive = np.where(stopped, -np.inf, alive)
    order = np.argsort(values)
    return _Endings(np.array(values)[order], np.array(weights)[order])


def _ledger_alarm(endings: _Endings, alpha: float) -> float:
    """Return the probability that two examples together, or one alone, raise a false alarm."""
    log_es = list(endings.log_evidence)
    single = decide.example_threshold(alpha, _EXAMPLES)
    pooled = decide.ledger_threshold(alpha)
    probability = np.exp(endings.log_probability)
    tail = np.append(np.cumsum(probability[::-1])[::-1], 0.0)
    alarm = 0.0
    for first, weight in zip(log_es, probability, strict=True):
        # The ledger grows with either example, so the alarms are a tail of the second example.
        least = bisect_left(
            range(len(log_es)),
            True,  # noqa: FBT003 - the value to search for
            key=lambda at, first=first: (  # type: ignore[misc]
                max(first, log_es[at]) >= single
                or decide.pooled_log_evidence([first, log_es[at]], _EXAMPLES) >= pooled
            ),
        )
        alarm += float(weight * tail[least])
    return alarm


def measure(keep_rates: Sequence[float] = KEEP_RATES) -> Iterator[Measured]:
    """Measure at each keep rate; yield the worst rate."""
    for alpha in _ALPHAS:
        alarms, means = {}, {}
        for keep in keep_rates:
            endings = _endings(keep, decide.example_threshold(alpha, _EXAMPLES))
            alarms[keep] = _ledger_alarm(endings, alpha)
            means[keep] = float(np.exp(endings.log_evidence + endings.log_probability).sum())
        note = f"all sequences of {_TRIALS} trials, {len(keep_rates)} keep rates; the worst is"
        for what, found, bound in (
            (f"false alarm of a ledger at {alpha}", alarms, alpha),
            (f"mean evidence when it stops, at {alpha}", means, 1.0 + _ROUNDING),
        ):
            worst = max(found, key=lambda keep: found[keep])
            yield at_most(_PART, what, found[worst], bound, note=f"{note} {worst}")
