"""The intervals of both sides that a report shows beside a class.

They explain a class and never decide it: `equivalence` does. Cannot say: anything where the sides
judged different cases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_props.gate.equivalence import CONFIDENCE
from dropout_props.results.comparison import Intervals

if TYPE_CHECKING:
    from dropout_props.results.records import Counts, PropertyResult, RecordedSite

__all__ = ["of_counts", "of_sites"]


def of_counts(base: PropertyResult, candidate: PropertyResult) -> Intervals | None:
    """Return the intervals of the count that allows the largest relative deviation.

    Args:
        base: the result of one subject and property on the base.
        candidate: the same on the candidate.

    Returns:
        The intervals of that count; None if the sides have no count in common.
    """
    there = {
        (example.digest, counts.label): counts
        for example in candidate.examples
        for counts in example.counts
        if counts.worst_trials
    }
    pairs = [
        (example.case, counts, there[example.digest, counts.label])
        for example in base.examples
        for counts in example.counts
        if counts.worst_trials and (example.digest, counts.label) in there
    ]
    if not pairs:
        return None
    case, old, new = max(pairs, key=lambda pair: max(map(_allowed, pair[1:])))
    return Intervals(f"{old.label}, {case}", (old.lowest, old.highest), old.interval, new.interval)


def _allowed(counts: Counts) -> float:
    """Return the largest deviation that an interval contains, relative to the rarer outcome."""
    low, high = counts.interval
    middle = (counts.lowest + counts.highest) / 2
    unit = max(min(middle, 1 - middle), 2.0**-53)
    return max(high - counts.highest, counts.lowest - low, 0.0) / unit


def of_sites(base: RecordedSite, candidate: RecordedSite) -> Intervals | None:
    """Return the intervals of the drop rate of one site; None if a side has no mask to count."""
    if not (base.units and candidate.units):
        return None
    from dropout_props.statistics import clopper_pearson

    old, new = (
        clopper_pearson(site.units - site.kept, site.units, confidence=CONFIDENCE)
        for site in (base, candidate)
    )
    rates = [1 - keep for keep in base.keeps]
    return Intervals(
        "drop rate",
        (rates[0], rates[0]) if len(rates) == 1 else None,
        (old.lowest, old.highest),
        (new.lowest, new.highest),
    )
