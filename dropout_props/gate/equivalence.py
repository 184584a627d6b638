"""Do the counts *show* that two sides draw from one distribution?

Question: how far apart can a success probability of the base and of the candidate be?
Guarantee: each side's Clopper-Pearson interval covers its probability with the stated confidence,
at whichever look drawing stopped. The distance between the far ends of the two intervals bounds the
difference of the probabilities. Where that bound exceeds the margin, and the counts of both sides
exclude the property's own discrepancy, the bound is twice that discrepancy plus the null's width.
Cannot say: that two distributions are equal, only that they differ by less than a margin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dropout_props.results.records import Counts, KeepCount, PropertyResult

__all__ = ["CONFIDENCE", "KEEP_MARGIN", "Statement", "of_keeps", "of_properties"]

CONFIDENCE = 0.999
"""Confidence of each side's interval; both cover with twice the error probability that remains."""

KEEP_MARGIN = 0.005
"""Largest absolute difference of two keep rates that counts as equivalent."""

_FALSE_PASS_RATE = 1e-3
"""Error rate of the exclusion that is recomputed from the counts: a run's default."""


@dataclass(frozen=True)
class Statement:
    """The conclusion from the counts of both sides.

    Args:
        same_bits: every count is the same.
        shown: equivalence is shown: every difference is within its margin.
        refuted: a difference is shown: two intervals have no common point and exceed the margin.
        text: the conclusion in words, with its margin and its confidence.
    """

    same_bits: bool
    shown: bool
    refuted: bool
    text: str


def of_keeps(base: tuple[KeepCount, ...], candidate: tuple[KeepCount, ...]) -> Statement:
    """Compare the keep rates of canonical masks, rate by rate."""
    there = {one.rate: one for one in candidate}
    pairs = [(one, there[one.rate]) for one in base if one.rate in there]
    found = [_distance((a.kept, a.units, 1), (b.kept, b.units, 1), KEEP_MARGIN) for a, b in pairs]
    same = bool(pairs) and all((a.kept, a.units) == (b.kept, b.units) for a, b in pairs)
    return _statement(found, same=same, what=f"keep rates at {len(pairs)} rates")


def of_properties(base: PropertyResult, candidate: PropertyResult) -> Statement:
    """Compare the counts of one statistical property, case by case and family by family."""
    there = {example.digest: example for example in candidate.examples}
    pairs = [(one, there[one.digest]) for one in base.examples if one.digest in there]
    found, same = [], bool(pairs)
    for mine, other in pairs:
        same &= _integers(mine.counts) == _integers(other.counts)
        families = {family.label: family for family in other.counts}
        # An edge may have been excluded at an earlier look than the last, which alone is stored.
        both_excluded = mine.decision == other.decision == "excluded"
        for a in mine.counts:
            b = families.get(a.label)
            if b is None:
                same = False
                continue
            margin = 2 * a.discrepancy + (a.highest - a.lowest)
            one = _distance(_worst(a, mine.looks), _worst(b, other.looks), margin)
            settled = both_excluded and not one.apart
            if not one.within and (settled or (_excluded(a) and _excluded(b))):
                one = replace(one, largest=margin)
            found.append(one)
        if "undecided" in (mine.decision, other.decision):
            found.append(_Distance(1.0, 0.0, apart=False))
    return _statement(found, same=same, what=f"{len(found)} counts in {len(pairs)} common cases")


@dataclass(frozen=True)
class _Distance:
    largest: float
    margin: float
    apart: bool

    @property
    def within(self) -> bool:
        return self.largest <= self.margin


def _integers(counts: tuple[Counts, ...]) -> list[tuple[str, int, int, int]]:
    """Return what the bits alone decide; SciPy may round evidence and intervals differently."""
    return [(one.label, one.members, one.successes, one.trials) for one in counts]


def _excluded(counts: Counts) -> bool:
    """Return whether the counts exclude the promised discrepancy from the null."""
    from dropout_props.statistics import Interval, Trials, excluded

    null = Interval(counts.lowest, counts.highest)
    trials = Trials.of(counts.worst_successes, counts.worst_trials, null)
    return bool(
        excluded(trials, discrepancy=counts.discrepancy, false_pass_rate=_FALSE_PASS_RATE).all()
    )


def _worst(counts: Counts, looks: int) -> tuple[int, int, int]:
    return counts.worst_successes, counts.worst_trials, max(1, looks)


def _distance(
    base: tuple[int, int, int], candidate: tuple[int, int, int], margin: float
) -> _Distance:
    from dropout_props.statistics import clopper_pearson

    a, b = (
        clopper_pearson(successes, trials, confidence=CONFIDENCE, num_looks=looks)
        for successes, trials, looks in (base, candidate)
    )
    largest = max(a.highest - b.lowest, b.highest - a.lowest)
    return _Distance(largest, margin, apart=a.highest < b.lowest or b.highest < a.lowest)


def _statement(found: list[_Distance], *, same: bool, what: str) -> Statement:
    if not found:
        return Statement(same_bits=same, shown=False, refuted=False, text="no counts in common")
    widest = max(found, key=lambda one: one.largest - one.margin)
    shown = all(one.within for one in found)
    # Of many families, some intervals miss each other by chance: they must exceed the margin too.
    refuted = any(one.apart and not one.within for one in found)
    verb = "differ by at most" if shown else "may differ by"
    text = (
        f"{what}: probabilities {verb} {widest.largest:.2g} (margin {widest.margin:.2g}, "
        f"{100 * (1 - 2 * (1 - CONFIDENCE)):.1f} % confidence each, exact)"
    )
    return Statement(same_bits=same, shown=shown, refuted=refuted, text=text)
