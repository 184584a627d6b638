"""Judge a record: every property, one budget, root causes before what follows from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, log
from typing import TYPE_CHECKING

import numpy as np

from dropout_props.properties import RECORDED
from dropout_props.properties.recorded.declaration import Answer, Counts, Finding, RecordProperty
from dropout_props.properties.recorded.missed import said
from dropout_props.properties.recorded.options import unmatched
from dropout_props.results.verdict import Verdict
from dropout_props.statistics import clopper_pearson, log_evalues

if TYPE_CHECKING:
    from dropout_props.properties.recorded.options import Options
    from dropout_props.properties.recorded.seen import Seen

__all__ = ["Bound", "Judged", "Judgement", "judge"]

DISCREPANCY = 0.02
"""The shift of a probability that is found with the fewest units; any other is found as well."""
CONFIDENCE = 0.999


@dataclass(frozen=True)
class Bound:
    """What the counts of one site leave possible.

    Args:
        sites: the names of the sites.
        site_ids: their ids.
        what: what one trial is.
        successes: how many trials succeeded.
        trials: how many there were.
        lowest: the lower end of the exact 99.9 % interval of the probability.
        highest: its upper end.
        null: the probability that was expected, the middle of its interval.
    """

    sites: tuple[str, ...]
    site_ids: tuple[int, ...]
    what: str
    successes: int
    trials: int
    lowest: float
    highest: float
    null: float


@dataclass(frozen=True)
class Judged:
    """The verdict on one property."""

    prop: RecordProperty
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    bounds: tuple[Bound, ...] = ()
    notes: tuple[str, ...] = ()
    too_few: tuple[str, ...] = ()
    excludes: str = ""


@dataclass(frozen=True)
class Judgement:
    """The verdicts on one record.

    Args:
        judged: a verdict for each property of records.
        budget: the chance that a right program is red.
        members: how many counts share it.
        not_seen: what the recorder could not see, a sentence each.
    """

    judged: tuple[Judged, ...]
    budget: float
    members: int
    not_seen: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All counterexamples, root causes first."""
        every = [finding for one in self.judged for finding in one.findings]
        return tuple(sorted(every, key=lambda finding: bool(finding.follows)))

    @property
    def failed(self) -> frozenset[str]:
        """The ids of the properties that fail."""
        return frozenset(one.prop.id for one in self.judged if one.verdict is Verdict.FAIL)

    @property
    def says_too_little(self) -> bool:
        """Whether `strict=True` has a reason to raise, failures aside."""
        return bool(self.too_few or self.not_seen)

    @property
    def too_few(self) -> tuple[str, ...]:
        """What could not be judged since there were too few data."""
        return tuple(text for one in self.judged for text in one.too_few)


def judge(seen: Seen, options: Options, budget: float) -> Judgement:
    """Judge a record.

    Args:
        seen: the record.
        options: what was declared about it.
        budget: the chance that a record of a right program is red.

    Returns:
        The verdicts. The budget is shared evenly by all counts; how many there are follows from
        sites and steps, and is known before a mask is looked at.
    """
    answers = [(prop, prop.judge(seen, options)) for prop in RECORDED]
    members = sum(len(counts.trials) for _, answer in answers for counts in answer.counts)
    needed = log(max(members, 1) / budget)
    places = {site.place for site in seen.sites} | {call.place for call in seen.module_calls}
    judged = []
    for prop, answer in answers:
        one = _judged(prop, answer, needed, budget)
        notes = (*one.notes, *unmatched(options, prop.id, places))
        judged.append(replace(one, notes=notes))
    not_seen = tuple(dict.fromkeys(said(note) for note in seen.notes))
    return Judgement(tuple(_folded(judged)), budget, members, not_seen)


def _judged(prop: RecordProperty, answer: Answer, needed: float, budget: float) -> Judged:
    """Decide one property."""
    if not answer.applies and not answer.findings:
        return Judged(prop, Verdict.NOT_APPLICABLE, notes=answer.notes, too_few=answer.too_few)
    findings = list(answer.findings)
    bounds = []
    known = {site for finding in findings for site in finding.site_ids}
    for counts in answer.counts:
        refuted = _refuted(counts, needed)
        bounds.append(_bound(counts))
        if refuted is not None and not known.issuperset(counts.site_ids):
            findings.append(_finding(prop, counts, *refuted, budget=budget))
    verdict = Verdict.FAIL if findings else Verdict.PASS
    return Judged(
        prop,
        verdict,
        tuple(findings),
        tuple(bounds),
        answer.notes,
        answer.too_few,
        answer.excludes,
    )


def _refuted(counts: Counts, needed: float) -> tuple[int, float] | None:
    """Return the member whose evidence suffices, and that evidence; None if there is none."""
    evidence = log_evalues(counts.trials, discrepancy=DISCREPANCY)
    worst = int(np.argmax(evidence))
    return (worst, float(evidence[worst])) if evidence[worst] >= needed else None


def _finding(
    prop: RecordProperty, counts: Counts, member: int, evidence: float, *, budget: float
) -> Finding:
    """Say what refuted counts showed."""
    successes, trials = int(counts.trials.successes[member]), int(counts.trials.trials[member])
    null = (counts.trials.lowest[member] + counts.trials.highest[member]) / 2
    shown = "without bound" if evidence == inf else f"1e{evidence / log(10):.0f}"
    seen = (
        f"{counts.what}: {successes} of {trials} ({successes / trials:.4f}), where {null:.4f} was"
        f" expected; evidence {shown}, budget {budget:g}"
    )
    return Finding(prop.id, counts.sites, seen, counts.why, counts.mend, site_ids=counts.site_ids)


def _bound(counts: Counts) -> Bound:
    """Say what the member with the most trials leaves possible."""
    at = int(np.argmax(counts.trials.trials))
    successes, trials = int(counts.trials.successes[at]), int(counts.trials.trials[at])
    interval = clopper_pearson(successes, trials, confidence=CONFIDENCE)
    null = float(counts.trials.lowest[at] + counts.trials.highest[at]) / 2
    return Bound(counts.sites, counts.site_ids, counts.what, successes, trials, *interval, null)


def _folded(judged: list[Judged]) -> list[Judged]:
    """Keep what follows from another property only where that property fails."""
    failed = {one.prop.id for one in judged if one.findings}
    return [
        replace(
            one,
            findings=tuple(
                f if not f.follows or f.follows in failed else replace(f, follows="")
                for f in one.findings
            ),
        )
        for one in judged
    ]
