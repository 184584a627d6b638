"""What a comparison of two results says: frozen records of plain text, which reports read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum

__all__ = ["Change", "Comparison", "Difference", "Row", "Side"]


class Change(str, Enum):
    """What became of one property about one subject, from the base to the candidate.

    The order is that of a report: what fails first.
    """

    REGRESSED = "regressed"
    CONTRACT = "contract changed"
    REMOVED = "removed"
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
        """Whether a gate does not pass."""
        return self in _FAILING

    @property
    def warns(self) -> bool:
        """Whether a gate passes with a warning; `--strict-bits` fails on these too."""
        return self in (Change.SHIFTED, Change.REKEYED)

    def __str__(self) -> str:
        return self.value


_FAILING = (Change.REGRESSED, Change.CONTRACT, Change.REMOVED, Change.ERROR, Change.INCONCLUSIVE)


@dataclass(frozen=True)
class Row:
    """One subject and property.

    Args:
        subject: name of the subject.
        property_id: id of a property; or `masks`, `signature`, `answers` for what the snapshot shows.
        name: the property in a few words.
        change: the class.
        base: verdict, or what was seen, on the base.
        candidate: the same on the candidate.
        detail: what the class rests on, one sentence.
        reproducer: a program that shows the candidate's known deviation, where there is one.
    """

    subject: str
    property_id: str
    name: str
    change: Change
    base: str
    candidate: str
    detail: str
    reproducer: str = ""


@dataclass(frozen=True)
class Side:
    """One of the two environments.

    Args:
        label: what the reader called it.
        versions: what the subjects run on.
        flags: device and flags.
        trouble: why there is no whole result, and what to do; empty when there is one.
    """

    label: str
    versions: dict[str, str]
    flags: dict[str, str]
    trouble: str = ""


@dataclass(frozen=True)
class Difference:
    """One distribution, or flag, that is not the same on both sides; empty where it is absent."""

    name: str
    base: str
    candidate: str


@dataclass(frozen=True)
class Comparison:
    """A whole comparison.

    Args:
        base: one side.
        candidate: the other.
        rows: every subject and property, those that change first.
        installed: what is installed or set differently.
        notes: what is worth a sentence and changes no class, such as a message worded anew.
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
        """The rows where something changed, or fails still."""
        return tuple(row for row in self.rows if row.change is not Change.IDENTICAL)

    @property
    def whole(self) -> bool:
        """Whether both sides ran to their end."""
        return not self.base.trouble and not self.candidate.trouble
