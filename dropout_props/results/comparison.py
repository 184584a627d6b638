"""The comparison of two results, as frozen records of plain text that reports read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum

__all__ = ["SITE", "Change", "Comparison", "Difference", "Intervals", "Row", "Side"]

SITE = "site"
"""The `property_id` of a row about one site of a recorded program."""


class Change(str, Enum):
    """The class of a change of one property of one subject, from the base to the candidate.

    The order is that of a report: classes that fail a gate come first.
    """

    REGRESSED = "regressed"
    CONTRACT = "contract changed"
    REMOVED = "removed"
    GONE = "gone"
    INACTIVE = "no longer active"
    OTHER_RATE = "other rate"
    OTHER_SHARING = "other sharing"
    NEW = "new"
    ERROR = "error"
    INCONCLUSIVE = "inconclusive"
    SHIFTED = "shifted"
    REKEYED = "rekeyed"
    STILL_FAILING = "still failing"
    KNOWN = "known"
    FIXED = "fixed"
    ADDED = "added"
    IDENTICAL = "identical"

    @property
    def fails(self) -> bool:
        """Whether a gate fails on this class."""
        return self in _FAILING

    @property
    def warns(self) -> bool:
        """Whether a gate passes with a warning; with `--strict-bits` it fails."""
        return self in (Change.SHIFTED, Change.REKEYED)

    def __str__(self) -> str:
        return self.value


_FAILING = (
    Change.REGRESSED,
    Change.CONTRACT,
    Change.REMOVED,
    Change.GONE,
    Change.INACTIVE,
    Change.OTHER_RATE,
    Change.OTHER_SHARING,
    Change.NEW,
    Change.ERROR,
    Change.INCONCLUSIVE,
)


@dataclass(frozen=True)
class Intervals:
    """The values of one probability that the counts of each side leave possible.

    Args:
        what: the probability, in a few words.
        expected: its interval in a correct layer; None where that is not known.
        base: exact confidence interval on the base.
        candidate: the same on the candidate.
    """

    what: str
    expected: tuple[float, float] | None
    base: tuple[float, float]
    candidate: tuple[float, float]


@dataclass(frozen=True)
class Row:
    """One subject and property.

    Args:
        subject: name of the subject.
        property_id: id of a property; or `masks`, `signature`, `answers` or `site`, parts of the
            snapshot.
        name: the property in a few words.
        change: the class of the change.
        base: verdict or observation on the base.
        candidate: the same on the candidate.
        detail: the reason for the class, in one sentence.
        reproducer: a program that shows the candidate's known deviation; empty without one.
        intervals: the count that allows the largest deviation; None where both sides count nothing
            in common.
    """

    subject: str
    property_id: str
    name: str
    change: Change
    base: str
    candidate: str
    detail: str
    reproducer: str = ""
    intervals: Intervals | None = None


@dataclass(frozen=True)
class Side:
    """One of the two environments.

    Args:
        label: its name in reports.
        versions: versions of Python, Flax, JAX and others.
        flags: device and flags.
        trouble: why the result is incomplete, and what to do; empty when it is complete.
    """

    label: str
    versions: dict[str, str]
    flags: dict[str, str]
    trouble: str = ""


@dataclass(frozen=True)
class Difference:
    """A distribution or flag that differs between the sides; empty on a side that lacks it."""

    name: str
    base: str
    candidate: str


@dataclass(frozen=True)
class Comparison:
    """A whole comparison.

    Args:
        base: the environment in use.
        candidate: the environment that may replace it.
        rows: one for each subject and property, in the order of `Change`.
        installed: distributions and flags that differ.
        notes: sentences about differences that change no class, such as a reworded message.
        strict_bits: whether rekeyed and shifted fail.
    """

    base: Side
    candidate: Side
    rows: tuple[Row, ...] = ()
    installed: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    strict_bits: bool = False

    @property
    def tally(self) -> Counter[Change]:
        """How often each class occurs."""
        return Counter(row.change for row in self.rows)

    @property
    def changed(self) -> tuple[Row, ...]:
        """The rows of every class but `IDENTICAL`."""
        return tuple(row for row in self.rows if row.change is not Change.IDENTICAL)

    @property
    def shown(self) -> tuple[Row, ...]:
        """The rows that a report prints: those that changed, and every site of a program."""
        return tuple(
            r for r in self.rows if r.change is not Change.IDENTICAL or r.property_id == SITE
        )

    @property
    def whole(self) -> bool:
        """Whether both sides have a complete result."""
        return not self.base.trouble and not self.candidate.trouble
