"""Which properties a run judges on which subject: by level, by prefix of an id, by subject.

Guarantees: a selection changes no verdict, since the share of the error budget is a constant; an
entry that selects nothing is an error that names the closest id. The more specific entry wins, as
in ruff: ``--select DP206 --ignore DP2`` judges DP206 alone of the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TYPE_CHECKING

from dropout_props.properties import LEVELS, RECORDED, UnknownProperty, every_property, find
from dropout_props.subjects.who import is_of_framework

if TYPE_CHECKING:
    from dropout_props.properties import Level, Property
    from dropout_props.subjects.subject import Subject

__all__ = ["EVERYTHING", "Selection", "default_level"]

_WHOLE = 5  # characters of a whole id, such as DP402


def default_level(subject: Subject) -> Level:
    """Return `framework` for a layer of Flax or another framework, and `core` for any other."""
    return "framework" if is_of_framework(subject) else "core"


@dataclass(frozen=True)
class Selection:
    """The choice of properties of a run.

    Args:
        level: the level of every subject; None for the default of each.
        select: ids, or prefixes of ids. A prefix selects what it matches within the level, a whole
            id selects the property at any level. Empty: the level alone.
        ignore: ids, or prefixes of ids, that are not judged.
        per_subject: for a subject, or a pattern with `*`, ids or prefixes and why they are ignored.

    Raises:
        UnknownProperty: an entry matches no property; the text names the closest id.
        ValueError: an unknown level.
    """

    level: Level | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_subject: Mapping[str, Mapping[str, str]] = field(
        default_factory=lambda: MappingProxyType({})
    )

    def __post_init__(self) -> None:
        """Check every entry."""
        if self.level is not None and self.level not in LEVELS:
            close = get_close_matches(str(self.level), LEVELS, n=1, cutoff=0.0)
            raise ValueError(
                f"level={self.level!r}: it must be one of {', '.join(LEVELS)}; the closest is "
                f"{close[0]}."
            )
        inner = [prefix for ids in self.per_subject.values() for prefix in ids]
        entries = {"select": self.select, "ignore": self.ignore, "per-subject-ignore": inner}
        for place, several in entries.items():
            for entry in several:
                _check(entry, place)

    def properties_of(self, subject: Subject) -> tuple[Property, ...]:
        """Return the properties that are judged on a subject, in the order of the catalogue."""
        level = self.level or default_level(subject)
        here = self._ignored_here(subject.name)
        ignore = (*self.ignore, *here)
        return tuple(one for one in every_property() if self._is_selected(one, level, ignore))

    def reasons(self, subject: Subject) -> dict[str, str]:
        """Return why properties are ignored for this subject alone, by id or prefix."""
        return self._ignored_here(subject.name)

    def _ignored_here(self, name: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for pattern, ids in self.per_subject.items():
            if fnmatchcase(name, pattern):
                found.update(ids)
        return found

    def _is_selected(self, prop: Property, level: Level, ignore: Sequence[str]) -> bool:
        selected = _longest(self.select, prop.id) if self.select else 0
        if selected is None or (selected < _WHOLE and not prop.is_in(level)):
            return False
        ignored = _longest(ignore, prop.id)
        return ignored is None or ignored < selected


def _longest(entries: Sequence[str], property_id: str) -> int | None:
    """Return the length of the longest entry that matches, or None."""
    found = [len(one) for one in entries if property_id.startswith(one.upper())]
    return max(found, default=None)


def _check(entry: str, place: str) -> None:
    wanted = entry.upper()
    if len(wanted) > 1 and any(prop.id.startswith(wanted) for prop in every_property()):
        return
    if 1 < len(wanted) < _WHOLE and any(prop.id.startswith(wanted) for prop in RECORDED):
        raise UnknownProperty(
            f"{place}={entry!r}: these properties judge a running model, not a layer: record the "
            "model with `dropout_props.record()`."
        )
    try:
        find(wanted)  # raises, and says what is special about an id of another kind
    except UnknownProperty as error:
        families = sorted({prop.id[:3] for prop in every_property()})
        if len(wanted) < _WHOLE:
            close = get_close_matches(wanted, families, n=1, cutoff=0.0)
            raise UnknownProperty(
                f"{place}={entry!r}: no property has an id that begins so: the closest is "
                f"{close[0]}; `dropout-props list` prints them all."
            ) from None
        raise UnknownProperty(f"{place}={entry!r}: {error}") from None


EVERYTHING = Selection(level="framework")
"""Every property of the catalogue, on every subject."""
