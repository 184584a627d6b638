"""Writes the statistic of a failed property about counts as one line of NumPy.

Question: which trials does the family count that failed, in terms of the masks that are drawn?
Guarantee: for the properties named here the counts of the line are those of the engine.
Cannot say: what the other properties count; for them a program shows the keep rate alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dropout_props.cases.case import Case
    from dropout_props.results.records import Counts

__all__ = ["MODEL", "Statistic", "statistic"]

_FLAT = "masks.reshape(len(masks), -1)"
_ORDERS = {
    "unit by unit": "first == second",
    "reversed": "first == second[:, ::-1]",
    "half-shifted": "first == np.roll(second, second.shape[1] // 2, axis=1)",
}
_LARGEST = 600  # of DP301: units that its lags run over
MODEL = ("first", "second", "encoder/drop", "decoder/drop", "decoder/inner/drop")
"""The layers of the model of DP404, in order."""
_LAYERS = {
    "siblings": ("first", "second"),
    "one name in two blocks": ("encoder/drop", "decoder/drop"),
    "one name at two depths": ("decoder/drop", "decoder/inner/drop"),
}


@dataclass(frozen=True)
class Statistic:
    """What a program counts.

    Args:
        counts: the family that failed, as recorded.
        draw: how masks are drawn: `masks`, one a key; or two a key, of `pairs` of keys, `calls` of
            a layer or `layers` of a model.
        hits: expression of a bool array with one entry a trial, of `masks`, or `first`, `second`.
        what: what it counts, in words.
        pair: how the keys are related, or the names of the layers.
    """

    counts: Counts
    draw: str
    hits: str
    what: str
    pair: str | tuple[str, str] = ""


def statistic(property_id: str, case: Case, counts: tuple[Counts, ...]) -> Statistic | None:
    """Return the statistic of the family with the most evidence, None where there is no line."""
    if not counts:
        return None
    worst = max(counts, key=lambda one: one.log10_evidence)
    label, member = worst.label, worst.worst
    if label in ("all units", "all elements") and property_id in ("DP202", "DP203"):
        return Statistic(worst, "masks", "masks", "units kept")
    if label in ("one element", "one position"):
        return Statistic(worst, "masks", f"{_FLAT}[:, {member}]", f"unit {member} kept")
    if label in ("dyadic block", "index along an axis"):
        return _region(worst, case)
    return _lag(worst, case, counts) if property_id == "DP301" else _two_masks(property_id, worst)


def _two_masks(property_id: str, worst: Counts) -> Statistic | None:
    """Return the statistic of two masks that should be independent."""
    if property_id == "DP402":
        pairing, _, order = worst.label.partition(", ")
        what = f"units of two masks that agree, {order}, keys being {pairing}"
        return Statistic(worst, "pairs", _ORDERS[order], what, pairing)
    if property_id == "DP403":
        what = f"units of two calls that agree, {worst.label}"
        return Statistic(worst, "calls", _ORDERS[worst.label], what)
    if property_id == "DP404":
        pair = _LAYERS[worst.label]
        what = f"units of two layers that agree, {pair[0]} and {pair[1]}"
        return Statistic(worst, "layers", "first == second", what, pair)
    return None


def _region(worst: Counts, case: Case) -> Statistic:
    """Return the statistic of a stretch of units, or of an index along an axis."""
    import numpy as np

    shape, member = case.mask_shape, worst.worst
    if worst.label == "dyadic block":
        units = np.arange(prod(shape))
        part = [one for level in (2, 4, 8) for one in np.array_split(units, level)][member]
        start, stop = int(part[0]), int(part[-1]) + 1
        what = f"units from {start} to {stop - 1} kept"
        return Statistic(worst, "masks", f"{_FLAT}[:, {start}:{stop}]", what)
    axis, index = [(a, i) for a, length in enumerate(shape) for i in range(length)][member]
    what = f"units at index {index} of axis {axis} kept"
    return Statistic(worst, "masks", f"np.take(masks, {index}, axis={axis + 1})", what)


def _lag(worst: Counts, case: Case, counts: tuple[Counts, ...]) -> Statistic:
    """Return the statistic of pairs of one mask: at a lag that share no unit, or mirrored."""
    if worst.label == "mirror image":
        half = prod(case.mask_shape) // 2
        hits = f"({_FLAT} == {_FLAT}[:, ::-1])[:, :{half}]"
        return Statistic(worst, "masks", hits, "mirror images that agree")
    lag, units, where = worst.worst + 1, f"{_FLAT}[:, :{_LARGEST}]", "in flat order"
    if worst.label == "lag along an axis":
        place = [one for one in counts if one.label == worst.label].index(worst)
        axes = [a for a, length in enumerate(case.mask_shape) if 1 < length <= _LARGEST]
        where = f"along axis {axes[place]}"
        units = f"np.moveaxis(masks, {axes[place] + 1}, 1)"
    return Statistic(
        worst, "masks", f"at_lag({units}, {lag})", f"units {lag} apart {where} that agree"
    )
