"""Masks made again from their keys, and the agreements of two masks, under the one law.

At most `UNITS` units a record are rebuilt, in the order of the record, so that judging a long
record takes seconds. Which masks those are depends on their number and shapes alone.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_props.recording.masks import can_rebuild, masks
from dropout_props.statistics import Interval, Trials, agreement, keep_interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dropout_props.properties.recorded.seen import Seen
    from dropout_props.recording import Draw

__all__ = ["agreements", "keep_null", "rebuilt"]

UNITS = 2**23
BATCH = 16
"""Masks are made this many at a time, so that few programs are compiled."""
BITS = {"float16": 10, "bfloat16": 7, "float64": 52}

Mask = np.ndarray[Any, np.dtype[np.bool_]]


def keep_null(draw: Draw, rate: float) -> Interval:
    """Return the interval of the keep probability at a rate, in the type of the program."""
    return keep_interval(rate, BITS.get(draw.probability_dtype, 23))


def rebuilt(seen: Seen, draws: Iterable[Draw]) -> list[tuple[Draw, Mask]]:
    """Give those of the draws whose masks were made again, with their masks.

    Of draws with one key the first alone is given: the others are no new trials. A mask is True
    where a unit is kept.
    """
    draws = {draw.key: draw for draw in reversed(list(draws))}.values()
    made = seen.memo.get("masks")
    if made is None:
        made = seen.memo["masks"] = _all_masks(seen)
    return [(draw, made[id(draw)]) for draw in draws if id(draw) in made]


def _all_masks(seen: Seen) -> dict[int, Mask]:
    """Make the masks of a record again, up to the limit."""
    groups: dict[Any, list[Draw]] = defaultdict(list)
    units = 0
    for draw in seen.masks:
        size = int(np.prod(draw.site.shape, dtype=np.int64))
        if not can_rebuild(draw) or units + size > UNITS:
            continue
        units += size
        site = draw.site
        kind = (site.shape, site.mode, site.impl, site.partitionable, draw.probability_dtype)
        groups[kind].append(draw)
    found: dict[int, Mask] = {}
    for group in groups.values():
        for start in range(0, len(group), BATCH):
            part = group[start : start + BATCH]
            padded = [*part, *[part[-1]] * (BATCH - len(part))]
            kept = masks(padded)
            found |= {
                id(d): m != bool(seen.drops(d.site)) for d, m in zip(part, kept, strict=False)
            }
    return found


def agreements(seen: Seen, pairs: Sequence[tuple[Draw, Draw]], label: str) -> Trials | None:
    """Count the units that agree in pairs of masks.

    Pairs of equal keys are left out: they are judged exactly. So are pairs with a key of an earlier
    pair: their units are no new trials.

    Returns: a member for each pair of probabilities; None if there is nothing to count.
    """
    made = {d.key: m for d, m in rebuilt(seen, [d for pair in pairs for d in pair])}
    used: set[tuple[int, ...]] = set()
    counted: dict[tuple[float, float], list[int]] = {}
    nulls = {}
    for one, two in pairs:
        keys = {one.key, two.key}
        if not keys <= made.keys() or len(keys) == 1 or keys & used:
            continue
        used |= keys
        first, second = seen.keeps(one), seen.keeps(two)
        assert first is not None
        assert second is not None
        key = (first, second)
        total = counted.setdefault(key, [0, 0])
        total[0] += int(np.count_nonzero(made[one.key] == made[two.key]))
        total[1] += made[one.key].size
        nulls[key] = agreement(keep_null(one, 1 - first), keep_null(two, 1 - second))
    if not counted:
        return None
    return Trials(
        np.array([k for k, _ in counted.values()]),
        np.array([n for _, n in counted.values()]),
        np.array([nulls[p].lowest for p in counted]),
        np.array([nulls[p].highest for p in counted]),
        label,
    )
