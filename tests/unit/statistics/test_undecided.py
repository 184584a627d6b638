"""The blocks after which correct code is decided: exact tails, no normal approximation."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, norm

from dropout_props.statistics import (
    Interval,
    Trials,
    blocks_to_decide,
    chance_undecided,
    excluded,
)

RATE = 1e-3
NULLS = [0.5, 0.9, 0.999, 0.001, Interval(0.89, 0.91), Interval(0.0, 0.0), Interval(1.0, 1.0)]


def open_at(num_trials: int, null: Interval | float, discrepancy: float, truth: float) -> float:
    """Return the exact chance that these trials leave one of the edges open."""
    counts = np.arange(num_trials + 1)
    trials = Trials.of(counts, num_trials, null)
    out = excluded(trials, discrepancy=discrepancy, false_pass_rate=RATE)
    return float(binom.pmf(counts, num_trials, truth)[~out].sum())


@pytest.mark.parametrize("discrepancy", [0.1, 0.02, 0.0005])
@pytest.mark.parametrize("null", NULLS)
def test_the_chance_is_at_least_that_of_all_counts(null: Any, discrepancy: float) -> None:
    """It bounds the chance at each end of the null, and is near the sum of both sides."""
    family = Trials.of(0, 1, null)
    for blocks in (10, 200, 3000):
        bound = chance_undecided([(family, discrepancy)], blocks, false_pass_rate=RATE)
        ends = {float(family.lowest[0]), float(family.highest[0])}
        exact = [open_at(blocks, null, discrepancy, end) for end in ends]
        assert max(exact) <= bound + 1e-12
        assert bound <= 2 * sum(exact) + 0.2 * bound + 1e-9


@pytest.mark.parametrize("undecided_rate", [1e-6, 1e-13])
@pytest.mark.parametrize(("null", "discrepancy"), [(0.5, 0.01), (0.999, 0.002), (0.9, 0.2)])
def test_it_is_the_fewest_blocks(null: float, discrepancy: float, undecided_rate: float) -> None:
    """One block fewer leaves correct code open more often than is allowed."""
    families = [(Trials.of(0, [7] * 50, null), discrepancy), (Trials.of(0, 100, null), 0.05)]
    blocks = blocks_to_decide(families, false_pass_rate=RATE, undecided_rate=undecided_rate)
    assert chance_undecided(families, blocks, false_pass_rate=RATE) <= undecided_rate
    fewer = chance_undecided(families, blocks - 1, false_pass_rate=RATE) if blocks > 1 else 1.0
    assert fewer > undecided_rate


def test_equal_members_each_count() -> None:
    """The bound for a thousand equal members is a thousand times that of one."""
    one = chance_undecided([(Trials.of(0, 1, 0.5), 0.1)], 4000, false_pass_rate=RATE)
    many = chance_undecided([(Trials.of(0, [1] * 1000, 0.5), 0.1)], 4000, false_pass_rate=RATE)
    assert one > 0
    assert many == pytest.approx(1000 * one)


def test_normal_quantiles_would_stop_too_soon() -> None:
    """For rare counts a cap of normal quantiles leaves correct code open more often than stated."""
    null, discrepancy, wanted = 1 - 2.0**-17, 1e-2 * 2.0**-8.5, 1e-6
    variance = null * (1 - null)
    z = norm.isf(RATE) + norm.isf(wanted)
    family = Trials.of(0, math.ceil(z**2 * variance / discrepancy**2), null)
    assert chance_undecided([(family, discrepancy)], 1, false_pass_rate=RATE) > 2 * wanted


def test_a_certain_event_is_decided_by_the_trials_alone() -> None:
    """With a null of 1 no trial fails: open with too few trials, decided with enough."""
    family = Trials.of(0, 1, 1.0)
    enough = math.ceil(math.log(1 / RATE) / -math.log(0.9))
    assert chance_undecided([(family, 0.1)], enough - 1, false_pass_rate=RATE) == 1.0
    assert chance_undecided([(family, 0.1)], enough, false_pass_rate=RATE) == 0.0


def test_a_member_without_trials_is_refused() -> None:
    """The message says that it is never decided, and what to do."""
    with pytest.raises(ValueError, match="a member without trials is never decided"):
        blocks_to_decide(
            [(Trials.of(0, [1, 0], 0.5), 0.1)], false_pass_rate=RATE, undecided_rate=1e-6
        )
