"""``Trials``: counts add up exactly, and a value that is not a count is refused."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from dropout_props.statistics import Interval, Trials


def test_scalars_make_one_member() -> None:
    """Scalars stand for one member, with the null [p, p]."""
    trials = Trials.of(3, 10, 0.25)
    assert len(trials) == 1
    assert trials.successes.tolist() == [3]
    assert trials.successes.dtype == np.int64
    assert (trials.lowest[0], trials.highest[0]) == (0.25, 0.25)


def test_a_scalar_beside_arrays_is_repeated() -> None:
    """A scalar count and an interval null apply to every member."""
    trials = Trials.of([1, 2, 3], 10, Interval(0.1, 0.2), "lag")
    assert trials.trials.tolist() == [10, 10, 10]
    assert trials.highest.tolist() == [0.2, 0.2, 0.2]
    assert "3 x lag: 6 of 30" in repr(trials)


def test_no_members_are_allowed() -> None:
    """A family may have no members: a mask of one unit has no lags."""
    nothing: list[int] = []
    assert len(Trials.of(nothing, nothing, 0.5)) == 0
    assert len(Trials.of(nothing, 0, 0.5)) == 0


def test_addition_is_exact_where_floats_are_not() -> None:
    """Counts beyond 2**53 add up without rounding, which no float mean does."""
    huge = 2**60
    both = Trials.of(huge, huge + 1, 0.5) + Trials.of(1, 2, 0.5)
    assert both == Trials.of(huge + 1, huge + 3, 0.5)


def test_families_that_are_joined_come_apart_again() -> None:
    """Also one without members; counts of other families do not add to them."""
    nothing: list[int] = []
    families = (
        Trials.of([1, 2], 9, Interval(0.1, 0.2), "lag"),
        Trials.of(nothing, 0, 0.5, "none"),
        Trials.of(2**62, 2**62, 1.0, "unit"),
    )
    joined = Trials.joined(families)
    assert joined.successes.tolist() == [1, 2, 2**62]
    assert joined.parted(families) == families
    more = Trials.joined([*families[:2], Trials.of(0, 1, 1.0, "unit")])
    assert (joined + more).parted(families)[0] == families[0] + families[0]
    with pytest.raises(ValueError, match="only counts of the same members add up"):
        _ = joined + Trials.joined((families[0], families[2]))


def test_a_sum_beyond_64_bits_is_refused() -> None:
    """Two records of 2**62 trials do not add up to a negative number."""
    half = Trials.of(2**61, 2**62, 0.5, "lag")
    with pytest.raises(ValueError, match="more trials than 64 bits count"):
        _ = half + half
    assert "4611686018427387904 of 9223372036854775808" in repr(Trials.of([2**61] * 2, 2**62, 0.5))


@pytest.mark.parametrize(
    "other",
    [
        Trials.of([1, 2], [4, 4], 0.5, "lag"),
        Trials.of(1, 4, 0.25, "lag"),
        Trials.of(1, 4, Interval(0.5, 0.6), "lag"),
        Trials.of(1, 4, 0.5, "position"),
    ],
)
def test_different_members_do_not_add(other: Trials) -> None:
    """Another number of members, another null or another label cannot be added."""
    with pytest.raises(ValueError, match="only counts of the same members add up"):
        _ = Trials.of(1, 4, 0.5, "lag") + other


def test_equality_compares_every_field() -> None:
    """Two records are equal when counts, null and label are, and only then."""
    trials = Trials.of(1, 4, 0.5, "lag")
    assert trials == Trials.of([1], [4], Interval(0.5, 0.5), "lag")
    others: list[object] = [
        Trials.of(2, 4, 0.5, "lag"),
        Trials.of(1, 5, 0.5, "lag"),
        Trials.of(1, 4, 0.4, "lag"),
        Trials.of(1, 4, 0.5),
        "lag",
    ]
    assert all(trials != other for other in others)


def test_a_record_is_frozen() -> None:
    """Neither a field nor an entry of it can be set."""
    trials = Trials.of(1, 4, 0.5)
    with pytest.raises(dataclasses.FrozenInstanceError):
        trials.label = "x"  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        trials.successes[0] = 2


def test_a_record_keeps_its_own_copy() -> None:
    """Writing to the array of the caller does not change the record."""
    counts = np.array([1, 2])
    trials = Trials.of(counts, 4, 0.5)
    counts[0] = 3
    assert trials.successes.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (([0.5], [4], 0.5, 0.5), r"successes=\[0.5\].*counts must be integers"),
        (([1], [4.0], 0.5, 0.5), r"trials=\[4.0\].*counts must be integers"),
        (([True], [4], 0.5, 0.5), "counts must be integers"),
        ((np.array([2**63], np.uint64), [4], 0.5, 0.5), "fit 64 bits"),
        (([0, 5], [4, 4], 0.5, 0.5), r"successes=5 of trials=4 \(member 1\)"),
        (([-1], [4], 0.5, 0.5), r"successes=-1 of trials=4"),
        (([1, 2], [4], 0.5, 0.5), "the shapes of the fields differ"),
        (([[1, 2]], [4], 0.5, 0.5), "the shapes of the fields differ"),
        (([1], [4], 0.6, 0.5), r"the null \[0.6, 0.5\] \(member 0\)"),
        (([1], [4], -0.1, 0.5), r"the null \[-0.1, 0.5\]"),
        (([1], [4], 0.5, 1.1), r"the null \[0.5, 1.1\]"),
        (([1], [4], float("nan"), 0.5), r"the null \[nan, 0.5\]"),
    ],
)
def test_a_value_that_is_not_a_count_is_refused(fields: Any, message: str) -> None:
    """The message names the value, the member and the rule."""
    with pytest.raises(ValueError, match=message):
        Trials(*fields)


@pytest.mark.parametrize("value", [1.5, -0.1, float("nan"), (0.5, 0.4)])
def test_a_value_that_is_not_a_probability_is_refused(value: Any) -> None:
    """``Trials.of`` names the null that it cannot read."""
    with pytest.raises(ValueError, match="is not a probability: 0 <= lowest <= highest <= 1"):
        Trials.of(1, 2, value)


def test_an_interval_knows_its_middle() -> None:
    """The middle lies half way."""
    assert Interval(0.25, 0.75).midpoint == 0.5
