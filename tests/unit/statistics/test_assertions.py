"""The assertions keep both error rates, counted outcome by outcome, and say what they decided."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from dropout_props import assert_bernoulli, assert_independent
from dropout_props.statistics import Interval, agreement, is_enough, keep_interval, min_num_trials

RATES: dict[str, float] = {"false_fail_rate": 0.05, "false_pass_rate": 0.2}
_ROUNDING = 1 + 1e-9
# The first surplus is counted; the second is a tooth at which the test would miss its promise.
DESIGNS = [
    (0.5, 0.3, 0),
    (0.5, 0.3, 1),
    (0.5, 0.3, 2),
    (0.9, 0.4, 3),
    (0.1, 0.3, 1),
    ((0.45, 0.55), 0.25, 1),
    (1.0, 0.2, 1),
    (0.0, 0.2, 0),
]


def fails(assertion: Callable[..., None], *masks: Any, **arguments: Any) -> bool:
    """Return whether an assertion fails."""
    try:
        assertion(*masks, **arguments)
    except AssertionError:
        return True
    return False


def ends_of(keep_rate: Any) -> Interval:
    """Return the smallest and the largest keep rate of a correct mask."""
    return Interval(*keep_rate) if isinstance(keep_rate, tuple) else keep_interval(1 - keep_rate)


@pytest.mark.parametrize(("keep_rate", "discrepancy", "surplus"), DESIGNS)
def test_bernoulli_keeps_both_error_rates(keep_rate: Any, discrepancy: float, surplus: int) -> None:
    """Summed over all outcomes, correct masks fail, and shifted ones pass, as rarely as declared.

    The first units and the surplus are counted apart, since a surplus may not be used.
    """
    ends = ends_of(keep_rate)
    needed = min_num_trials(discrepancy=discrepancy, probability=ends, **RATES)
    counts = list(product(range(needed + 1), range(surplus + 1)))
    failing = [
        fails(
            assert_bernoulli,
            np.concatenate([np.arange(needed) < first, np.arange(surplus) < second]),
            keep_rate=keep_rate,
            discrepancy=discrepancy,
            **RATES,
        )
        for first, second in counts
    ]
    first, second = np.array(counts).T

    def chance_to_fail(truth: float) -> float:
        masses = binom.pmf(first, needed, truth) * binom.pmf(second, surplus, truth)
        return float(masses[np.array(failing)].sum())

    assert max(map(chance_to_fail, ends)) <= RATES["false_fail_rate"] * _ROUNDING
    shifted = [one for one in (ends[0] - discrepancy, ends[1] + discrepancy) if 0 <= one <= 1]
    assert min(map(chance_to_fail, shifted)) * _ROUNDING >= 1 - RATES["false_pass_rate"]


def test_a_surplus_of_both_kinds_was_enumerated() -> None:
    """Some surplus of the test above is counted, and some would break the promise."""
    enough = set()
    for keep_rate, discrepancy, surplus in DESIGNS:
        design: dict[str, Any] = {
            "discrepancy": discrepancy, "probability": ends_of(keep_rate), **RATES,
        }  # fmt: skip
        enough.add(is_enough(min_num_trials(**design) + surplus, **design))
    assert enough == {True, False}


@pytest.mark.parametrize(("keep", "discrepancy", "missed"), [(0.5, 0.45, 0.25), (0.6, 0.48, 0.2)])
def test_independent_keeps_both_error_rates(keep: float, discrepancy: float, missed: float) -> None:
    """The same, summed over every pair of masks, of independent and of correlated units."""
    arguments: dict[str, Any] = {
        "keep_rate": (keep, keep),
        "discrepancy": discrepancy,
        "false_fail_rate": 0.08,
        "false_pass_rate": missed,
    }
    masks = np.array(list(product([False, True], repeat=5)))
    pairs = list(product(masks, masks))
    failing = np.array([fails(assert_independent, a, b, **arguments) for a, b in pairs])

    def chance_to_fail(both: float) -> float:
        """`both`: the chance that a unit is kept in both masks."""
        of_unit = np.array([[1 - 2 * keep + both, keep - both], [keep - both, both]])
        masses = np.array([of_unit[a.astype(int), b.astype(int)].prod() for a, b in pairs])
        assert masses.sum() == pytest.approx(1)
        return float(masses[failing].sum())

    assert chance_to_fail(keep**2) <= 0.08 * _ROUNDING
    for truth in (agreement(keep).lowest + discrepancy, agreement(keep).lowest - discrepancy):
        both = (truth - 1 + 2 * keep) / 2  # P(agree) = 1 - 2 keep + 2 both
        if max(0.0, 2 * keep - 1) <= both <= keep:
            assert chance_to_fail(both) * _ROUNDING >= 1 - missed


def test_too_few_units_are_refused_with_the_size_needed() -> None:
    """The message names a size that suffices, and a discrepancy that this size can see."""
    arguments: dict[str, Any] = {"keep_rate": 0.9, "false_fail_rate": 1e-9, "false_pass_rate": 1e-6}
    kept = np.ones((10, 50), bool)
    with pytest.raises(ValueError, match="500 units are too few") as refused:
        assert_bernoulli(kept, discrepancy=0.02, **arguments)
    text = str(refused.value)
    needed = int(text.partition("at least ")[2].partition(" units")[0].replace(",", ""))
    seen = float(text.partition("a discrepancy of ")[2].rstrip("."))
    mixed = np.arange(needed) % 10 > 0
    assert_bernoulli(mixed, discrepancy=0.02, **arguments)
    with pytest.raises(ValueError, match=f"{needed - 1:,} units are too few"):
        assert_bernoulli(mixed[1:], discrepancy=0.02, **arguments)
    assert_bernoulli(mixed[:500], discrepancy=seen, **arguments)


def test_a_failure_says_what_was_expected_seen_and_decided() -> None:
    """The message has the counts, the counts of correct masks, and the keep rates that remain."""
    kept = np.arange(1000).reshape(10, 100) < 600
    with pytest.raises(AssertionError) as failed:
        assert_bernoulli(
            kept, keep_rate=0.5, discrepancy=0.2, false_fail_rate=1e-6, false_pass_rate=1e-3
        )
    assert str(failed.value) == (
        "Expected: each unit is kept with probability 0.5.\n"
        "Seen: 600 of 1,000 units were kept (0.6).\n"
        "Decided: if that holds, 423 to 577 units are kept, except with a chance of at most 1e-06 "
        "(false_fail_rate). The keep rate is between 0.522556 and 0.674181, with confidence "
        "1 - 1e-06.\n"
        "Next: `dropout-props check` on the layer says what is wrong with its masks."
    )


def test_equal_masks_fail_and_masks_of_two_rates_pass() -> None:
    """One mask given twice is dependent; independent masks agree as their two rates say."""
    rates = {"discrepancy": 0.2, "false_fail_rate": 1e-6, "false_pass_rate": 1e-3}
    drawn = np.random.default_rng(0).random((2, 1000)) < np.array([[0.5], [0.9]])
    with pytest.raises(
        AssertionError, match=r"independent.\nSeen: 1,000 of 1,000 units were equal"
    ):
        assert_independent(drawn[0], drawn[0], keep_rate=0.5, **rates)
    assert_independent(*drawn, keep_rate=0.5, other_keep_rate=0.9, **rates)
    with pytest.raises(AssertionError, match="probability to agree is between"):
        assert_independent(drawn[1], ~drawn[1], keep_rate=0.9, other_keep_rate=0.1, **rates)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda rates: assert_bernoulli(np.ones(99), keep_rate=0.5, **rates),
            "kept is an array of",
        ),
        (
            lambda rates: assert_bernoulli(np.ones(99, bool), keep_rate=1.5, **rates),
            r"keep_rate=1.5: give a probability from 0 to 1",
        ),
        (
            lambda rates: assert_bernoulli(np.ones(0, bool), keep_rate=0.5, **rates),
            r"0 units are too few .* larger shape\.$",
        ),
        (
            lambda rates: assert_independent(
                np.ones(9, bool), np.ones((9, 1), bool), keep_rate=0.5, **rates
            ),
            r"shape \(9,\) and b \(9, 1\)",
        ),
        (
            lambda rates: assert_independent(
                np.ones(9, bool), np.ones(9, bool), keep_rate=0.5, other_keep_rate=-1, **rates
            ),
            "other_keep_rate=-1: give a probability",
        ),
        (
            lambda rates: assert_bernoulli(np.ones(99, bool), keep_rate=[0.4, 0.6], **rates),  # type: ignore[arg-type]
            r"keep_rate=\[0.4, 0.6\]: give a probability from 0 to 1, or a pair \(low",
        ),
        (
            lambda rates: assert_bernoulli(np.ones(99, bool), keep_rate=(0.1, 0.2, 0.3), **rates),  # type: ignore[arg-type]
            r"keep_rate=\(0.1, 0.2, 0.3\): give a probability from 0 to 1, or a pair",
        ),
    ],
)
def test_bad_arguments_are_named(call: Callable[[Any], None], message: str) -> None:
    """The message names the argument, its value and the rule."""
    rates = {"discrepancy": 0.2, "false_fail_rate": 1e-6, "false_pass_rate": 1e-3}
    with pytest.raises(ValueError, match=message):
        call(rates)


def test_parts_of_one_mask_that_overlap_are_refused() -> None:
    """Neighbours share units and are refused; every second unit and the one after it are not."""
    rates = {"discrepancy": 0.2, "false_fail_rate": 1e-6, "false_pass_rate": 1e-3}
    kept = np.random.default_rng(0).random(2000) < 0.9
    with pytest.raises(ValueError, match="views of one array that overlap"):
        assert_independent(kept[:-1], kept[1:], keep_rate=0.9, **rates)
    assert_independent(kept[0::2], kept[1::2], keep_rate=0.9, **rates)


def test_two_masks_may_lie_at_both_ends_of_a_pair_of_rates() -> None:
    """Masks of the rates 0.3 and 0.7 agree in 42 % of the units, those of one of them in 58 %."""
    rates = {"discrepancy": 0.05, "false_fail_rate": 1e-6, "false_pass_rate": 1e-3}
    drawn = np.random.default_rng(0).random((2, 10_000)) < np.array([[0.3], [0.7]])
    assert_independent(*drawn, keep_rate=(0.3, 0.7), **rates)
    with pytest.raises(AssertionError, match="10,000 of 10,000 units were equal"):
        assert_independent(drawn[0], drawn[0], keep_rate=(0.3, 0.7), **rates)


@pytest.mark.parametrize(
    "view",
    [
        lambda kept: np.broadcast_to(kept, (3, *kept.shape)),
        lambda kept: np.broadcast_to(kept[:1], 2000),
        lambda kept: np.lib.stride_tricks.sliding_window_view(kept, 3),
    ],
)
def test_a_view_that_repeats_its_units_is_refused(view: Callable[[Any], Any]) -> None:
    """Such units are not independent; neither assertion counts them."""
    rates = {"discrepancy": 0.2, "false_fail_rate": 1e-6, "false_pass_rate": 1e-3}
    repeated = view(np.random.default_rng(0).random(2000) < 0.5)
    with pytest.raises(ValueError, match="kept is a view that has units of its array more than"):
        assert_bernoulli(repeated, keep_rate=0.5, **rates)
    with pytest.raises(ValueError, match=r"b is a view that has units .* Give each unit once"):
        assert_independent(repeated.copy(), repeated, keep_rate=0.5, **rates)


@pytest.mark.parametrize(
    "view",
    [
        lambda kept: kept.T[::-1, 1::3],
        lambda kept: kept[None, :, :, None],
        lambda kept: np.lib.stride_tricks.as_strided(kept, (40, 40), (40, 41)),
    ],
)
def test_a_view_without_repetition_is_counted(view: Callable[[Any], Any]) -> None:
    """Reversed, transposed, with further axes, and with steps that interleave."""
    rates = {"discrepancy": 0.2, "false_fail_rate": 1e-6, "false_pass_rate": 1e-3}
    kept = np.random.default_rng(0).random((128, 128)) < 0.5
    assert_bernoulli(view(kept), keep_rate=0.5, **rates)
