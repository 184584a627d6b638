"""Counts of pairs of units: a member has the pairs of its name, and no unit in two of them."""

import itertools
from typing import Any

import numpy as np
import pytest

from dropout_props.properties import dp301_lags, find, mask_statistics
from dropout_props.properties.declaration import Statistical
from dropout_props.statistics import Interval, Trials, agreement

_HALF = Interval(0.5, 0.5)


@pytest.mark.parametrize("length", [2, 3, 7, 12, 33])
def test_both_phases_of_all_lags_are_all_pairs(length: int) -> None:
    """Each pair belongs to one member, and within a member no unit is in two pairs."""
    seen: list[tuple[int, int]] = []
    for lag, phase in mask_statistics.lag_members(length):
        pairs = [(i, i + lag) for i in range(length - lag) if i // lag % 2 == phase]
        units = [unit for pair in pairs for unit in pair]
        assert pairs
        assert len(set(units)) == len(units)
        seen += pairs
    assert sorted(seen) == list(itertools.combinations(range(length), 2))


@pytest.mark.parametrize("length", [1, 2, 9, 40])
def test_lags_are_counted_as_pair_by_pair(rng: Any, length: int) -> None:
    """The product of matrices gives the same counts as a loop over the pairs."""
    masks = rng.random((length, 17)) < 0.3
    found = mask_statistics.lags(masks, _HALF, "lag")
    expected = []
    for lag, phase in mask_statistics.lag_members(length):
        pairs = [(i, i + lag) for i in range(length - lag) if i // lag % 2 == phase]
        agree = sum(int((masks[i] == masks[j]).sum()) for i, j in pairs)
        expected.append((agree, 17 * len(pairs)))
    assert list(zip(found.successes.tolist(), found.trials.tolist(), strict=True)) == expected


def test_more_masks_than_float32_can_count_are_counted(
    rng: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The product is computed in parts, each exact in float32."""
    monkeypatch.setattr(mask_statistics, "_EXACT", 5)
    masks = rng.random((4, 33)) < 0.5
    agree = mask_statistics.pair_agreements(masks)
    assert agree.tolist() == [[int((a == b).sum()) for b in masks] for a in masks]


def test_every_shift_is_counted_as_a_roll(rng: Any) -> None:
    """Forwards and backwards, a member compares unit i of one mask with unit i + s of the other."""
    first, second = rng.random((6, 11)) < 0.4, rng.random((6, 11)) < 0.4
    forwards, backwards = mask_statistics.every_shift(first, second, _HALF, "pair, ")
    assert (forwards.label, backwards.label) == tuple(f"pair, {s}" for s in mask_statistics.SHIFTED)
    assert (len(forwards), len(backwards)) == (10, 11)
    for family, other in ((forwards, second), (backwards, second[:, ::-1])):
        for member in range(len(family)):
            shift = int(mask_statistics.shift_named(None, family.label, 0, member))  # type: ignore[arg-type]
            rolled = np.roll(other, -shift, axis=1)
            assert family.successes[member] == np.count_nonzero(first == rolled)
            assert family.trials[member] == first.size


def test_each_pair_is_a_member_of_its_own(rng: Any) -> None:
    """The members are in the order of their names."""
    masks = rng.random((5, 9)) < 0.5
    found = mask_statistics.any_pair(mask_statistics.pair_agreements(masks), 9, _HALF, "pair")
    named = dp301_lags.members_of((5,), "any two units", 0)
    for (i, j), successes in zip(named, found.successes, strict=True):
        assert successes == np.count_nonzero(masks[i] == masks[j])


def test_lags_along_an_axis_follow_from_all_pairs(rng: Any) -> None:
    """They are the lags of the lines along each axis, and mirror images those of flat order."""
    kept = rng.random((7, 3, 4, 5)) < 0.5
    flat = kept.reshape(7, -1).T
    agree = mask_statistics.pair_agreements(flat)
    decision = find("DP301").decision
    assert isinstance(decision, Statistical)
    assert decision.pairs is not None
    found = decision.pairs(_HALF, agree, (3, 4, 5), 7)
    lines = [np.moveaxis(kept, axis, 0).reshape(kept.shape[axis], -1) for axis in (1, 2, 3)]
    expected = [mask_statistics.lags(one, agreement(_HALF), "lag along an axis") for one in lines]
    assert list(found[-3:]) == expected
    mirrored = int((flat[:30] == flat[::-1][:30]).sum())
    assert found[2] == Trials.of(mirrored, 210, agreement(_HALF), label="mirror image")


@pytest.mark.parametrize("length", [64, 100, 1000])
def test_distant_lags_count_whole_runs(rng: Any, length: int) -> None:
    """The counts are of whole runs, at each power of two, in both phases."""
    masks = rng.random((length, 3)) < 0.5
    found = mask_statistics.distant(masks, _HALF, "distant")
    for at, (lag, phase) in enumerate(mask_statistics.distant_members(length)):
        first = np.arange(phase * lag, length - lag)
        first = first[first // lag % 2 == phase]
        first = first[: len(first) // lag * lag]
        assert found.trials[at] == 3 * len(first) > 0
        assert found.successes[at] == np.count_nonzero(masks[first] == masks[first + lag])
    assert max(lag for lag, _ in mask_statistics.distant_members(length)) > length // 4


def test_lags_of_few_pairs_have_a_coarser_promise() -> None:
    """They are the lags with fewer pairs than a sixteenth of the units, and no others."""
    length = 128
    pairs = mask_statistics.lag_pairs(length)
    rare = dp301_lags.is_rare(length)
    assert 0 < rare.sum() < len(pairs) // 10
    assert pairs[rare].max() < length / 16 <= pairs[~rare].min()
