"""The success probabilities, compared with an enumeration of all masks."""

import itertools
import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_props.statistics import (
    Interval,
    agreement,
    central_region,
    odd_parity,
    region_mass,
)

Mask = tuple[bool, ...]
KEEPS = [
    Fraction(0),
    Fraction(1, 100),
    Fraction(3, 10),
    Fraction(1, 2),
    Fraction(9, 10),
    Fraction(1),
]
ENDS = st.floats(0, 1)


def chance(size: int, keep: Fraction, event: Callable[[Mask], bool]) -> float:
    """Add up the probabilities of all masks of that size in which the event happens."""
    total = Fraction(0)
    for mask in itertools.product([True, False], repeat=size):
        if event(mask):
            total += keep ** sum(mask) * (1 - keep) ** (size - sum(mask))
    return float(total)


def assert_is(interval: Interval, value: float) -> None:
    """Assert that an interval is one value, up to rounding."""
    assert interval.lowest == interval.highest == pytest.approx(value, rel=1e-13, abs=1e-300)


@pytest.mark.parametrize("keep", KEEPS)
def test_pairs_match_all_masks_of_two_units(keep: Fraction) -> None:
    """Agreement is what the four masks of two units say."""
    assert_is(agreement(float(keep)), chance(2, keep, lambda mask: mask[0] == mask[1]))


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize("size", range(1, 9))
def test_parity_and_regions_match_all_masks(size: int, keep: Fraction) -> None:
    """Odd parity and every region's mass match the masks of up to eight units."""
    assert_is(odd_parity(float(keep), size), chance(size, keep, lambda mask: sum(mask) % 2 == 1))
    for first, last in itertools.combinations_with_replacement(range(size + 1), 2):
        mass = chance(size, keep, lambda mask, a=first, b=last: a <= sum(mask) <= b)  # type: ignore[misc]
        assert region_mass(size, float(keep), first, last).lowest == pytest.approx(mass, abs=1e-13)


def test_two_rates_match_all_pairs() -> None:
    """With a keep probability for each unit, agreement follows the product law."""
    assert_is(agreement(0.9, 0.2), 0.9 * 0.2 + 0.1 * 0.8)


@settings(deadline=None)  # a busy machine is slow
@given(st.tuples(ENDS, ENDS), st.tuples(ENDS, ENDS), st.integers(1, 9), st.integers(0, 8))
def test_intervals_hold_exactly_the_values_inside(
    one: tuple[float, float], two: tuple[float, float], size: int, first: int
) -> None:
    """Over an interval, every value inside gives a value of the result, whose ends are reached."""
    keep, other = Interval(*sorted(one)), Interval(*sorted(two))
    first = min(first, size)
    last = (first + size) // 2
    functions: list[Callable[[Interval | float], Interval]] = [
        agreement,
        lambda ends: agreement(ends, other),
        lambda ends: odd_parity(ends, size),
        lambda ends: region_mass(size, ends, first, last),
    ]
    inside = np.unique(np.clip([*np.linspace(*keep, 201), 0.5], *keep))
    for function in functions:
        values = [function(float(value)) for value in inside]
        lowest, highest = min(v.lowest for v in values), max(v.highest for v in values)
        result = function(keep)
        assert result.lowest - 1e-15 <= lowest
        assert result.highest + 1e-15 >= highest
        # A function of degree nine, seen at 201 points, can hide a little of its peak.
        assert lowest - result.lowest <= 1e-12
        assert result.highest - highest <= 1e-2 * (keep.highest - keep.lowest)


def test_agreement_is_smallest_inside_an_interval_around_one_half() -> None:
    """The ends alone would miss the smallest value, 1/2."""
    assert agreement(Interval(0.4, 0.7)).lowest == 0.5
    assert odd_parity(Interval(0.4, 0.7), 2).highest == 0.5


def test_small_rates_keep_their_digits() -> None:
    """At a rate of 1e-9 the parity is 2 rates to the last digits, not to seven of them."""
    assert odd_parity(1e-9, 2).lowest == pytest.approx(2e-9 * (1 - 1e-9), rel=1e-14)
    assert odd_parity(1e-9, 3).lowest == pytest.approx(3e-9 * (1 - 2e-9), rel=1e-14)


@pytest.mark.parametrize("keep", [1e-6, 0.01, 0.3, 0.5, 0.9, 0.999, 1 - 1e-6])
@pytest.mark.parametrize("size", [1, 2, 7, 128, 1000, 65536])
def test_a_central_region_is_central_and_near_one_half(size: int, keep: float) -> None:
    """No count outside is likelier than one inside, and no other cut is nearer to one half."""
    first, last = central_region(size, keep)
    inside = region_mass(size, keep, first, last).lowest
    edge = min(region_mass(size, keep, end, end).lowest for end in (first, last))
    outside = [
        region_mass(size, keep, end, end).lowest
        for end in (first - 1, last + 1)
        if 0 <= end <= size
    ]
    assert max(outside, default=0.0) <= edge * (1 + 1e-9)
    assert abs(inside - 0.5) <= abs(inside + max(outside, default=0.0) - 0.5) + 1e-9
    if first < last:
        assert abs(inside - 0.5) <= abs(inside - edge - 0.5) + 1e-9


def test_a_central_region_does_not_depend_on_the_width_of_the_null() -> None:
    """The region is chosen at the middle; its mass is then a range."""
    keep = Interval(0.9 - 1e-7, 0.9 + 1e-7)
    assert central_region(1000, keep) == central_region(1000, 0.9)
    mass = region_mass(1000, keep, *central_region(1000, keep))
    assert 0 < mass.highest - mass.lowest < 1e-5
    assert math.isclose(mass.midpoint, 0.5, abs_tol=0.03)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: odd_parity(0.5, 0), "num_units=0: it must be at least 1"),
        (lambda: region_mass(0, 0.5, 0, 0), "size=0: it must be at least 1"),
        (lambda: region_mass(4, 0.5, 3, 2), "first=3, last=2: 0 <= first <= last <= size=4"),
        (lambda: central_region(0, 0.5), "size=0: it must be at least 1"),
        (lambda: central_region(4, 0.5, 1.0), "mass=1.0: it must lie strictly between"),
        (lambda: agreement(1.5), "probability=1.5 is not a probability"),
        (lambda: agreement(0.5, -1.0), "probability=-1.0 is not a probability"),
    ],
)
def test_bad_arguments_are_named(call: Callable[[], object], message: str) -> None:
    """The message names the argument, its value and the rule."""
    with pytest.raises(ValueError, match=message):
        call()
