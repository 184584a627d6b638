"""What a property of a record is: one sentence about a running model, and how a record decides it.

It is listed and explained beside the properties of layers, and no layer is judged against it. Its
answer holds exact counterexamples, counts under known nulls, and notes; whether the counts refute
it is decided elsewhere, under one budget for the whole record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dropout_props.properties.recorded.options import Options
    from dropout_props.properties.recorded.seen import Seen
    from dropout_props.statistics import Trials

__all__ = ["Answer", "Counts", "Finding", "RecordProperty", "count"]


def count(number: int, noun: str) -> str:
    """Write a number and its noun, in the plural where that is right."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@dataclass(frozen=True)
class Finding:
    """One counterexample.

    Args:
        property: the property that it refutes.
        sites: the names of the sites, each with file and line.
        seen: what was seen, with numbers.
        why: why it matters.
        mend: the line that mends it, or what to write.
        follows: the property whose finding explains this one; empty for a root cause.
        site_ids: the ids of the sites in the record; empty where a module drew nothing.
    """

    property: str
    sites: tuple[str, ...]
    seen: str
    why: str
    mend: str
    follows: str = ""
    site_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Counts:
    """Trials of one site, or of two, under the one law.

    Args:
        sites: the names of the sites.
        site_ids: their ids.
        trials: the counts; each member has its own null.
        what: what one trial is, as in "units that agree".
        why: as of a `Finding`, and so is mend.
        mend: as of a `Finding`.
    """

    sites: tuple[str, ...]
    site_ids: tuple[int, ...]
    trials: Trials
    what: str
    why: str
    mend: str


@dataclass(frozen=True)
class Answer:
    """What a record says about a property.

    Args:
        findings: counterexamples that need no statistics.
        counts: what is to be decided by counts; which entries there are depends on the sites and
            steps of the record alone, and on no mask.
        notes: what is worth saying and is no fault.
        too_few: what could not be judged since there were too few data; `strict=True` raises on it.
        excludes: what a pass excludes, in words, where that is not said by counts.
        applies: whether the record says anything about the property at all.
    """

    findings: tuple[Finding, ...] = ()
    counts: tuple[Counts, ...] = ()
    notes: tuple[str, ...] = ()
    too_few: tuple[str, ...] = ()
    excludes: str = ""
    applies: bool = True


@dataclass(frozen=True)
class RecordProperty:
    """One entry of the catalogue that a record is judged against.

    Args:
        id: ``DP9nn``, never reused.
        name: two to four words.
        statement: what is stated, in one sentence.
        formula: the same as a formula.
        if_broken: what it means for a user when it fails.
        assumes: what the decision rests on.
        mend: the usual line that mends it.
        killed_by: the wrong wirings that it must name, as ``api/name``.
        judge: reads a record.
        since: the version of this package that brought it.
    """

    id: str
    name: str
    statement: str
    formula: str
    if_broken: str
    assumes: str
    mend: str
    killed_by: tuple[str, ...]
    judge: Callable[[Seen, Options], Answer]
    exact: bool = True
    since: str = "0.2"
    kind: str = field(default="record", init=False)

    def finding(
        self,
        *sites: str,
        seen: str,
        mend: str = "",
        why: str = "",
        follows: str = "",
        ids: tuple[int, ...] = (),
    ) -> Finding:
        """Make a counterexample of this property; text that is left out is that of the property."""
        return Finding(
            self.id, sites, seen, why or self.if_broken, mend or self.mend, follows, tuple(ids)
        )
