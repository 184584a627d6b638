"""DP407 fails for two coincidences, whose chance on correct code is known, and not for one."""

import itertools
from math import comb
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dropout_props.cases.profiles import PROFILES
from dropout_props.engine.budget import SUBJECT_CAPACITY
from dropout_props.properties import Violation, find
from dropout_props.properties.dp407_distinct_masks import _KEYS, _all_distinct
from dropout_props.statistics import agreement


def chance_of_two(count: int, chance: float) -> float:
    """Return a bound on the chance of two coincidences or more among `count` random values.

    Each two are equal with this chance. The expected number of pairs of equal pairs is the bound:
    the chance of both is the square, also where the pairs share a value.
    """
    pairs = comb(count, 2)
    return comb(pairs, 2) * chance**2


@pytest.mark.parametrize(("count", "values"), [(3, 5), (4, 7), (6, 6)])
def test_the_bound_holds_over_all_outcomes(count: int, values: int) -> None:
    """The exact chance that two values or more are lost to coincidences is at most the bound."""
    outcomes = itertools.product(range(values), repeat=count)
    lost = sum(count - len(set(one)) >= 2 for one in outcomes)
    assert lost / values**count <= chance_of_two(count, 1 / values)


def test_correct_code_is_practically_never_red() -> None:
    """A case has less than 2**-66, and all cases of 64 subjects far less than the budget."""
    worst: Any = agreement(0.7)
    of_masks = worst.highest**120
    of_keys = 16 / 2.0**64
    a_case = chance_of_two(_KEYS, of_keys + of_masks)
    assert a_case < 2.0**-66
    cases = PROFILES["nightly"].exact_examples
    assert 2 * a_case * cases * SUBJECT_CAPACITY < 1e-9 / 1e6


def test_one_coincidence_alone_would_exceed_the_budget() -> None:
    """Two equal keys among 2**14 occur too often, over all cases of 64 subjects."""
    once = comb(_KEYS, 2) * 16 / 2.0**64
    decision: Any = find("DP407").decision
    cases = PROFILES["ci"].exact_examples // decision.weight
    assert once * cases * SUBJECT_CAPACITY > 1e-9


@pytest.mark.parametrize(("repeated", "fails"), [((), False), ((3,), False), ((3, 5), True)])
def test_two_repeated_masks_are_a_counterexample(repeated: tuple[int, ...], fails: bool) -> None:
    """One repeated mask is not; the message has the number of distinct masks."""
    masks = (np.arange(64)[:, None] >> np.arange(6)) % 2 == 1
    masks[list(repeated)] = masks[0]
    sampler: Any = SimpleNamespace(many_masks=lambda _: masks)
    keys: Any = range(64)
    if not fails:
        return _all_distinct(sampler, keys, "64 keys")
    with pytest.raises(Violation, match="64 keys gave 62 distinct masks"):
        _all_distinct(sampler, keys, "64 keys")
    return None
