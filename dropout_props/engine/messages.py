"""The sentences of verdicts: stated, seen, decided by, what it means, how to reproduce.

They are part of the interface, and are tested one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log10
from typing import TYPE_CHECKING

import numpy as np

from dropout_props.properties import Statistical
from dropout_props.results.records import Failure
from dropout_props.statistics import clopper_pearson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dropout_props.cases.case import Case
    from dropout_props.engine.sequential_test import Example
    from dropout_props.engine.settings import Settings
    from dropout_props.properties import Property
    from dropout_props.results.records import Counts
    from dropout_props.subjects.subject import Subject

__all__ = [
    "Pair",
    "exact_failure",
    "exact_pass",
    "relative_interval",
    "reproduce",
    "statistical_failure",
    "statistical_pass",
    "undecided",
]


_USUAL = (0.01, 0.9)
"""Range of rates for which E[y]/x - 1 is bounded; beyond it the bound of a case is loose."""


def reproduce(subject: Subject, property_id: str, settings: Settings) -> str:
    """Return the command that judges this pair again, with the same bits.

    It names the subject by its path if it has one, since a name alone may not be loadable.
    """
    return (
        f"dropout-props check {subject.source or subject.name} --property {property_id} "
        f"--profile {settings.profile.name} --seed {settings.run_seed}"
    )


def exact_pass(number: int, not_run: Sequence[str] = ()) -> str:
    """Return the sentence of an exact property that passes, with the cases that were not run."""
    rest = f"; not run: {'; '.join(not_run)}" if not_run else ""
    return f"no counterexample in {number} cases{rest}"


@dataclass(frozen=True)
class Pair:
    """A subject and a property, and the settings under which the pair is judged."""

    subject: Subject
    prop: Property
    settings: Settings

    def failure(self, *, seen: str, decided_by: str, confirmation: str) -> Failure:
        """Return the paragraph with the property's sentence, its meaning, and a command."""
        return Failure(
            statement=self.prop.statement,
            seen=seen,
            decided_by=decided_by,
            means=self.prop.if_broken,
            reproduce=reproduce(self.subject, self.prop.id, self.settings),
            confirmation=confirmation,
        )


def exact_failure(pair: Pair, *, case: Case, seen: str, confirmation: str) -> Failure:
    """Return the paragraph of a counterexample."""
    return pair.failure(
        seen=f"{seen} ({case})",
        decided_by="one counterexample; the property is exact and spends no error budget",
        confirmation=confirmation,
    )


def relative_interval(
    decision: Statistical, ledger: Sequence[Example], confidence: float
) -> tuple[float, float] | None:
    """Return an interval that holds E[y]/x - 1 of every case at a rate from 0.01 to 0.9.

    It is the smallest interval around the exact intervals of these cases, which share the error, so
    it holds for all of them at once, and for a bias at one rate alone. An interval of one bias
    common to all rates would be far narrower, and wrong for a fault that begins at some rate.
    """
    if decision.relative is None or any(e.sampler.subject.traits.lacks("scaled") for e in ledger):
        return None
    usual = [e for e in ledger if _USUAL[0] <= e.sampler.case.rate <= _USUAL[1]]
    ends = [
        end / example.sampler.case.keep - 1.0
        for example in usual
        for family in example.families
        if family.label == decision.relative
        for end in clopper_pearson(
            sum(family.successes.tolist()),
            sum(family.trials.tolist()),
            confidence=1.0 - (1.0 - confidence) / len(usual),
            num_looks=example.max_blocks,
        )
    ]
    return (min(ends), max(ends)) if ends else None


def statistical_pass(ledger: Sequence[Example], relative: tuple[float, float] | None) -> str:
    """Return the sentence of a statistical property that passes: what it excludes."""
    draws = f"{sum(e.draws for e in ledger):.2g} units"
    if relative is not None:
        bound, (low, high) = max(map(abs, relative)), _USUAL
        return f"|E[y]/x - 1| < {bound:.2g} at each rate from {low} to {high}, {draws}"
    widest = max(float(d.max()) for e in ledger for d in e.discrepancies)
    return f"every probability within {widest:.2g}, {draws}"


def undecided(examples: Sequence[Example], number: int) -> str:
    """Return the sentence of an inconclusive property."""
    return (
        f"{len(examples)} of {number} cases could not exclude the promised discrepancy, "
        "nor refute the property"
    )


def _worst(example: Example, prop: Property) -> str:
    counts = example.record(confidence=0.999).counts
    record = max(counts, key=lambda one: one.log10_evidence)
    null = (record.lowest + record.highest) / 2
    member = f" {_name_of(record, counts, example, prop)}" if record.members > 1 else ""
    low, high = record.interval
    return (
        f"{record.label}{member}: {record.worst_successes} of {record.worst_trials} "
        f"({record.worst_successes / record.worst_trials:.6g}, 99.9 % interval {low:.6g} to "
        f"{high:.6g}), where {null:.6g} was expected"
    )


def _name_of(record: Counts, counts: Sequence[Counts], example: Example, prop: Property) -> str:
    """Return the property's name of the member that stands out, or its number."""
    name_of = prop.decision.name_of if isinstance(prop.decision, Statistical) else None
    if name_of is None:
        return str(record.worst)
    alike = [one for one in counts if one.label == record.label]
    which = next(number for number, one in enumerate(alike) if one is record)
    return name_of(example.sampler, record.label, which, record.worst)


def statistical_failure(
    pair: Pair,
    *,
    worst: Example,
    log10_evidence: float,
    log10_needed: float,
    confirmation: str = "",
) -> Failure:
    """Return the paragraph of counts that refute a property, or leave it undecided."""
    shown = f"1e{log10_evidence:.0f}" if np.isfinite(log10_evidence) else "without bound"
    share = pair.settings.budget.share_of(pair.prop)
    return pair.failure(
        seen=f"{_worst(worst, pair.prop)} ({worst.sampler.case})",
        decided_by=(
            f"evidence {shown} against 1e{log10_needed:.0f} needed, which a correct layer "
            f"reaches at most once in 1e{-log10(share):.0f} runs"
        ),
        confirmation=confirmation,
    )
