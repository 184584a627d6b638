"""The ledger over examples: calibrated for every adaptive choice of examples, and powerful."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import pytest

from dropout_props.statistics import example_threshold, ledger_threshold, pooled_log_evidence

Pool = Callable[[list[float], int], float]
LOG_ZERO = -math.inf


def chance_to_fail(pool: Pool, rate: float, num_examples: int, boldness: float) -> float:
    """Return the exact chance that the ledger ever fails a true property.

    Each example is a fair bet, whose e-value is 1 + stake or 1 - stake with chance 1/2 each; the
    stake is bold as long as the ledger is behind, and half of that when it is ahead, so that the
    examples depend on the past as a search does.
    """
    needed = ledger_threshold(rate)

    def walk(log_es: list[float]) -> float:
        if log_es and pool(log_es, num_examples) >= needed:
            return 1.0
        if len(log_es) == num_examples:
            return 0.0
        ahead = bool(log_es) and pool(log_es, num_examples) > 0
        stake = boldness / 2 if ahead else boldness
        lost = math.log1p(-stake) if stake < 1 else LOG_ZERO
        return sum(walk([*log_es, log_e]) for log_e in (math.log1p(stake), lost)) / 2

    return walk([])


def plain_sum(log_es: list[float], num_examples: int) -> float:
    """Add product and mean without halving them."""
    return pooled_log_evidence(log_es, num_examples) + math.log(2)


def plain_maximum(log_es: list[float], num_examples: int) -> float:
    """Use the best example, as if the others had not been tried."""
    return max(log_es)


@pytest.mark.parametrize("boldness", [0.3, 0.9, 1.0])
@pytest.mark.parametrize("rate", [0.5, 0.3, 0.1, 0.02])
@pytest.mark.parametrize("num_examples", [1, 2, 5, 11])
def test_a_true_property_fails_within_the_rate(
    num_examples: int, rate: float, boldness: float
) -> None:
    """Over all outcomes of examples chosen by the past, the chance to fail is at most the rate."""
    assert chance_to_fail(pooled_log_evidence, rate, num_examples, boldness) <= rate


@pytest.mark.parametrize(
    ("broken", "rate"), [(plain_sum, 0.3), (plain_maximum, 0.6), (plain_maximum, 0.5)]
)
def test_a_broken_ledger_fails_true_properties_too_often(broken: Pool, rate: float) -> None:
    """The same enumeration detects a lost half, and the best example used as the only one."""
    assert chance_to_fail(broken, rate, 11, 1.0) > 1.05 * rate


def test_the_pool_is_half_product_and_half_mean() -> None:
    """Three examples of four, the fourth not yet seen, counted by hand."""
    log_es = [math.log(value) for value in (2.0, 0.5, 8.0)]
    expected = 0.5 * 8.0 + 0.5 * (2.0 + 0.5 + 8.0 + 1.0) / 4
    assert math.exp(pooled_log_evidence(log_es, 4)) == pytest.approx(expected)


@pytest.mark.parametrize("num_examples", [1, 7, 1000])
def test_nothing_seen_is_no_evidence(num_examples: int) -> None:
    """An empty ledger has the value 1."""
    assert pooled_log_evidence([], num_examples) == pytest.approx(0.0, abs=1e-15)


def test_the_order_of_examples_does_not_matter() -> None:
    """Every order of the examples gives the same evidence, up to rounding."""
    log_es = [0.1, -3.7, 12.25, 1e-9]
    values = {pooled_log_evidence(order, 9) for order in itertools.permutations(log_es)}
    assert max(values) - min(values) <= 1e-14


def test_weak_evidence_of_every_example_adds_up() -> None:
    """A hundred examples with an e-value of 1.5 decide at 1e-13, though none does alone."""
    log_es = [math.log(1.5)] * 100
    assert pooled_log_evidence(log_es, 100) >= ledger_threshold(1e-13)
    assert log_es[0] < example_threshold(1e-13, 100)


@pytest.mark.parametrize("rate", [0.1, 1e-9, 1e-13])
@pytest.mark.parametrize("num_examples", [1, 20, 10**6])
def test_an_example_that_decides_alone_decides_the_ledger(num_examples: int, rate: float) -> None:
    """At its own threshold one example decides the ledger, even where the product is 0."""
    alone = example_threshold(rate, num_examples)
    assert alone == pytest.approx(math.log(2 * num_examples / rate))
    others = [LOG_ZERO] * (num_examples - 1) if num_examples < 100 else [LOG_ZERO]
    assert pooled_log_evidence([alone + 1e-9, *others], num_examples) >= ledger_threshold(rate)


def test_evidence_beyond_floats_is_pooled() -> None:
    """Logarithms that no float64 could exponentiate pool, and infinity wins over zero."""
    expected = 1e6 + math.log(math.exp(-10) / 2 + 1 / 4)
    assert pooled_log_evidence([1e6, -10.0], 2) == pytest.approx(expected, rel=1e-12)
    assert pooled_log_evidence([math.inf, LOG_ZERO], 2) == math.inf
    assert pooled_log_evidence([LOG_ZERO, LOG_ZERO], 2) == LOG_ZERO


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pooled_log_evidence([0.0, 0.0], 1), "2 examples in a ledger of num_examples=1"),
        (lambda: pooled_log_evidence([float("nan")], 1), "every entry must be a number"),
        (lambda: pooled_log_evidence([], 0), "num_examples=0: it must be at least 1"),
        (lambda: example_threshold(0.1, 0), "num_examples=0: it must be at least 1"),
        (lambda: example_threshold(0.0, 1), "false_fail_rate=0.0: it must lie strictly between"),
        (lambda: ledger_threshold(1.0), "false_fail_rate=1.0: it must lie strictly between"),
    ],
)
def test_bad_arguments_are_named(call: Callable[[], Any], message: str) -> None:
    """The message names the argument, its value and the rule."""
    with pytest.raises(ValueError, match=message):
        call()
