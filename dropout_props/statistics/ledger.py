"""The ledger of a property: the evidence of all the examples that Hypothesis draws for it.

Question: do all N examples together, or does one alone, contradict the property?
Guarantee: with M = 1/2 * (product of the E_i) + 1/2 * (mean of the E_i over N), the chance that
M ever reaches 1/alpha is at most alpha when the property is true, however the examples are chosen.
The product pools weak evidence of a fault that shows everywhere; the mean catches one example.
Cannot say: anything about an example that was counted twice with the same random bits.

Proof. Given the past, each E_i has mean at most 1, so that multiplying the product by E_i, and
replacing a 1 in the sum by E_i, does not raise its mean: both terms are supermartingales that
start at 1, and so is M. By Ville's inequality a supermartingale that starts at 1 and is never
negative reaches 1/alpha with probability at most alpha, at whatever example one stops. As M is at
least E_i / (2N), an example with E_i >= 2N/alpha decides alone, which costs no further alpha.

Needs: every distinct example uses fresh random bits; E_i is an e-value conditionally on the past
(the case may depend on it, the bits may not); N is fixed beforehand, or is an upper bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy.special import logsumexp

from dropout_props.statistics.arguments import require_at_least_one, require_inside

__all__ = ["example_threshold", "ledger_threshold", "pooled_log_evidence"]


def pooled_log_evidence(log_es: Sequence[float], num_examples: int) -> float:
    """Return log M for the examples so far; those still missing count as E = 1.

    Args:
        log_es: the natural logarithms of the E_i of the distinct examples.
        num_examples: N, the largest possible number of examples.

    Raises:
        ValueError: there are more examples than N, or an E_i is not a number.
    """
    require_at_least_one(num_examples=num_examples)
    if len(log_es) > num_examples:
        msg = (
            f"{len(log_es)} examples in a ledger of num_examples={num_examples}: the proof needs "
            "N to be an upper bound. Give each distinct example one entry, and a larger N."
        )
        raise ValueError(msg)
    values = [float(value) for value in log_es]
    if any(math.isnan(value) for value in values):
        msg = f"log_es={values!r}: every entry must be a number."
        raise ValueError(msg)
    if math.inf in values:  # also where another is -inf: the mean term alone is infinite
        return math.inf
    missing = num_examples - len(values)
    log_sum = float(logsumexp([*values, 0.0], b=[*[1.0] * len(values), float(missing)]))
    return float(logsumexp([math.fsum(values), log_sum - math.log(num_examples)])) - math.log(2)


def example_threshold(false_fail_rate: float, num_examples: int) -> float:
    """Return log(2N/alpha): one example with that much log evidence fails the property at once.

    It does not depend on the other examples, so Hypothesis can shrink and replay that example.
    """
    require_at_least_one(num_examples=num_examples)
    return ledger_threshold(false_fail_rate) + math.log(2 * num_examples)


def ledger_threshold(false_fail_rate: float) -> float:
    """Return log(1/alpha): a ledger with that much log evidence fails the property."""
    require_inside(false_fail_rate=false_fail_rate)
    return -math.log(false_fail_rate)
