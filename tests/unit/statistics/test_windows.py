"""Equal windows are found wherever they are, and do not occur by chance."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from dropout_props.statistics import (
    Alike,
    Interval,
    alike_windows,
    log2_chance_of_alike,
    window_width,
    windows,
)


def alike_somewhere(masks: Sequence[Any], width: int) -> bool:
    """Return, window by window, whether any two of that width are equal or opposite.

    Of twice that width, one may also be read backwards.
    """
    seen = [tuple(mask[i : i + width]) for mask in masks for i in range(len(mask) - width + 1)]
    wide = [
        tuple(mask[i : i + 2 * width]) for mask in masks for i in range(len(mask) - 2 * width + 1)
    ]
    forwards = itertools.combinations(seen, 2)
    backwards = ((one, other[::-1]) for one in wide for other in wide)
    return any(
        one == other or all(a != b for a, b in zip(one, other, strict=True))
        for one, other in itertools.chain(forwards, backwards)
    )


@pytest.mark.parametrize("keep", [0.5, 0.3, 0.55])
@pytest.mark.parametrize(("size", "width"), [(12, 9), (12, 6), (13, 10), (6, 5)])
def test_the_bound_holds_over_all_masks(size: int, width: int, keep: float) -> None:
    """Summed over every mask, or pair of masks, the chance of equal windows is within it."""
    count = 2 if size == 6 else 1
    chance = 0.0
    for units in itertools.product((False, True), repeat=size * count):
        masks = [units[number * size : (number + 1) * size] for number in range(count)]
        if alike_somewhere(masks, width):
            chance += keep ** sum(units) * (1 - keep) ** (len(units) - sum(units))
    num_windows = count * (size - width + 1)
    assert 0 < chance <= 2 ** log2_chance_of_alike(num_windows, width, keep)


@pytest.mark.parametrize("keep", [0.5, Interval(0.5 - 2**-22, 0.5), 0.9, 0.001])
def test_a_width_has_the_allowed_chance(keep: Any) -> None:
    """It is the smallest one of 128 or more with that chance."""
    for num_windows in (1000, 2**22, 2**33):
        width = window_width(num_windows, keep, log2_chance=-64)
        assert log2_chance_of_alike(num_windows, width, keep) <= -64
        assert width == 128 or log2_chance_of_alike(num_windows, width - 1, keep) > -64
    assert window_width(2**22, 0.5) == 128


@pytest.mark.parametrize("keep", [0.0, 1.0, Interval(0.5, 1.0)])
def test_no_width_suffices_where_nothing_is_left_to_chance(keep: Any) -> None:
    """The message says why."""
    with pytest.raises(ValueError, match="all windows are alike"):
        window_width(100, keep)
    assert log2_chance_of_alike(100, 128, keep) == 0.0


def test_narrow_windows_are_refused() -> None:
    """Fewer units than one word are not compared."""
    with pytest.raises(ValueError, match=r"width=63: it must be at least 64"):
        alike_windows([np.zeros(1000, bool)], width=63)


@pytest.mark.parametrize("chunk", [2**20, 1000])
@pytest.mark.parametrize("width", [64, 128, 200])
@pytest.mark.parametrize("opposite", [False, True])
@pytest.mark.parametrize("backwards", [False, True])
def test_an_inserted_repetition_is_found(
    rng: Any,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    chunk: int,
    *,
    opposite: bool,
    backwards: bool,
) -> None:
    """Within a mask and from one to another, equal or opposite, forwards or backwards."""
    monkeypatch.setattr(windows, "_CHUNK", chunk)
    length = 2 * width if backwards else width
    for other in (0, 1):
        masks = [rng.random(3000) < 0.5, rng.random(4000) < 0.5]
        assert alike_windows(masks, width=width) is None
        inserted = masks[0][:length] ^ opposite
        masks[other][2000 : 2000 + length] = inserted[::-1] if backwards else inserted
        found = alike_windows(masks, width=width)
        second = (other, 2000 + length - 1 if backwards else 2000)
        assert found == Alike((0, 0), second, length, opposite, backwards)


def test_it_finds_what_a_comparison_of_all_pairs_finds(rng: Any) -> None:
    """On masks of few blocks, both agree about whether any two windows are equal."""
    seen = set()
    for _ in range(60):
        blocks = [rng.random(71) < 0.5 for _ in range(4)]
        mask = np.concatenate([blocks[at] for at in rng.choice(4, 2)] + [rng.random(30) < 0.5])
        expected = alike_somewhere([tuple(mask.tolist())], 64)
        assert (alike_windows([mask], width=64) is not None) == expected
        seen.add(expected)
    assert seen == {False, True}


def test_two_equal_windows_may_overlap() -> None:
    """A period of three shows at a distance of three, and a constant mask at a distance of one."""
    period = np.tile([True, False, False], 100)
    assert alike_windows([period], width=128) == Alike((0, 0), (0, 3), 128)
    assert alike_windows([np.ones(200, bool)], width=128) == Alike((0, 0), (0, 1), 128)


def test_equal_hashes_are_not_enough(rng: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every window has one hash, the units decide."""
    monkeypatch.setattr(
        windows, "_hashes", lambda bits, width: np.zeros(bits.size - width + 1, np.uint64)
    )
    mask = rng.random(300) < 0.5
    assert alike_windows([mask], width=64) is None
    mask[200:270] = mask[10:80]
    mask[199] = not mask[9]  # the copy begins there, and no unit earlier by chance
    assert alike_windows([mask], width=64) == Alike((0, 10), (0, 200), 64)


def test_of_very_many_windows_some_are_compared(rng: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tile is found although a window starts only at each eighth place."""
    monkeypatch.setattr(windows, "_MOST_WINDOWS", 2**11)
    for chunk in (2**20, 100, 5):
        monkeypatch.setattr(windows, "_CHUNK", chunk)
        tile = rng.random(2**12) < 0.5
        assert alike_windows([tile], width=128) is None
        found = alike_windows([np.tile(tile, 4)], width=128)
        assert found == Alike((0, 0), (0, 2**12), 128)


def test_masks_smaller_than_a_window_hold_none() -> None:
    """Nothing is compared, and nothing is found."""
    assert alike_windows([np.zeros(100, bool), np.zeros(0, bool)], width=128) is None
