"""Fixed parities of any units are found, and do not occur by chance."""

import itertools
from typing import Any

import numpy as np
import pytest

from dropout_props.statistics import (
    FixedParity,
    Interval,
    fixed_parity,
    log2_chance_of_fixed_parity,
    num_masks_for,
)


def parities_of(masks: Any) -> list[FixedParity]:
    """Return every fixed parity, set by set."""
    num_units = masks.shape[1]
    found = []
    for size in range(1, num_units + 1):
        for units in itertools.combinations(range(num_units), size):
            odd = masks[:, units].sum(axis=1) % 2
            if len(set(odd.tolist())) == 1:
                found.append(FixedParity(units, is_odd=bool(odd[0])))
    return found


@pytest.mark.parametrize("keep", [0.5, 0.3, 0.9])
@pytest.mark.parametrize(("num_units", "num_masks"), [(2, 5), (3, 5), (4, 4)])
def test_the_bound_holds_over_all_masks(num_units: int, num_masks: int, keep: float) -> None:
    """Summed over every matrix, the chance of a fixed parity is within it."""
    chance = 0.0
    for bits in itertools.product((False, True), repeat=num_units * num_masks):
        if fixed_parity(np.array(bits).reshape(num_masks, num_units)) is not None:
            chance += keep ** sum(bits) * (1 - keep) ** (len(bits) - sum(bits))
    assert 0 < chance <= 2 ** log2_chance_of_fixed_parity(num_units, num_masks, keep) + 1e-12


def test_the_bound_is_close_where_it_is_small() -> None:
    """With 3 units and 5 masks at 1/2 it is below 1, and at most twice the truth."""
    matrices = itertools.product((False, True), repeat=15)
    found = sum(fixed_parity(np.array(bits).reshape(5, 3)) is not None for bits in matrices)
    assert found / 2**15 > 2 ** log2_chance_of_fixed_parity(3, 5, 0.5) / 2


def test_it_finds_a_parity_where_there_is_one(rng: Any) -> None:
    """The returned parity is fixed; the result is None where no set of units has one."""
    seen = set()
    for _ in range(300):
        masks = rng.random((int(rng.integers(3, 9)), 5)) < 0.5
        expected, found = parities_of(masks), fixed_parity(masks)
        assert (found in expected) if expected else found is None
        seen.add(bool(expected))
    assert seen == {False, True}


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize("units", [(7,), (3, 90), (0, 1, 2), (3, 17, 42, 64, 77, 100)])
def test_the_units_are_named(rng: Any, units: tuple[int, ...], *, odd: bool) -> None:
    """A constant unit, a copy, a sum of two and of five others, by their places."""
    masks = rng.random((250, 128)) < 0.5
    assert fixed_parity(masks) is None
    masks[:, units[-1]] = masks[:, units[:-1]].sum(axis=1) % 2 == (not odd)
    assert fixed_parity(masks) == FixedParity(units, is_odd=odd)


@pytest.mark.parametrize("keep", [0.5, 0.9, 0.001, Interval(0.1, 0.1 + 1e-7)])
@pytest.mark.parametrize("num_units", [1, 128, 1024])
def test_the_number_of_masks_has_the_allowed_chance(num_units: int, keep: Any) -> None:
    """The chance is within the allowed one, and with a tenth fewer masks it is not."""
    num_masks = num_masks_for(num_units, keep, log2_chance=-64)
    assert log2_chance_of_fixed_parity(num_units, num_masks, keep) <= -64
    fewer = int(0.9 * num_masks) - 1
    assert fewer <= num_units or log2_chance_of_fixed_parity(num_units, fewer, keep) > -64


@pytest.mark.parametrize("keep", [0.0, 1.0, Interval(0.5, 1.0)])
def test_no_number_suffices_where_nothing_is_left_to_chance(keep: Any) -> None:
    """The message says why."""
    with pytest.raises(ValueError, match="all parities are fixed"):
        num_masks_for(100, keep)
