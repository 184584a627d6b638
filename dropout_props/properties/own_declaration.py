"""Checks of what a project writes into the declaration of a property of its own.

Guarantee: an argument that would fail later, inside a run, is refused where it is written; the
message names the property, the argument, its value, the rule and the remedy.
Cannot say: whether the statement is true, or the control violates it; the engine judges that.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from hypothesis import strategies as st

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import LEVELS, Property
from dropout_props.subjects.traits import ABILITIES

__all__ = [
    "BadProperty",
    "require_callable",
    "require_cases",
    "require_discrepancies",
    "require_fields",
    "require_id",
    "require_texts",
]

_ID = re.compile(r"[A-Z]{2}[0-9]{3}")
_RESERVED = "DP"
_LONGEST_NAME = 28


class BadProperty(ValueError):
    """A property of a project is declared wrongly; the text names it, the rule and the remedy."""


def require_id(property_id: Any) -> None:
    """Raise unless it is an id that a project may use."""
    fits = isinstance(property_id, str) and _ID.fullmatch(property_id)
    if not fits or property_id.startswith(_RESERVED):
        raise BadProperty(
            f"{property_id!r} is not an id for a property of your own: write two capital letters "
            f"other than {_RESERVED} and three digits, such as MY101."
        )


def require_texts(property_id: str, texts: Mapping[str, Any], optional: Mapping[str, Any]) -> None:
    """Raise unless the texts are written, and the name fits a column of the report."""
    for field, text in {**texts, **optional}.items():
        if not isinstance(text, str) or (field in texts and not text.strip()):
            raise BadProperty(f"{property_id}: {field}={text!r}: write it in words.")
    name = texts["name"]
    if not name.isprintable():
        raise BadProperty(
            f"{property_id}: name={name!r} has a line break or another control character, and a "
            "report prints it in one line: write it without."
        )
    if len(name) > _LONGEST_NAME:
        raise BadProperty(
            f"{property_id}: name={name!r} has {len(name)} characters, and a column of the report "
            f"{_LONGEST_NAME}: shorten it."
        )


def require_callable(
    property_id: str, function: Any, arguments: tuple[Any, ...], names: str
) -> None:
    """Raise unless the decorated function takes these arguments."""
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError as error:
        raise BadProperty(
            f"{property_id}: the decorated function is called with ({names}): {error}."
        ) from error


def require_cases(property_id: str, cases: Any, explicit: Any) -> None:
    """Raise unless the cases are a strategy or None, and the explicit ones are cases."""
    if cases is not None and not isinstance(cases, st.SearchStrategy):
        raise BadProperty(
            f"{property_id}: cases={cases!r} is not a strategy: give that of strategies.cases(...)."
        )
    for case in _items(property_id, "explicit", explicit, "(Case(rate=0.1),)"):
        if not isinstance(case, Case):
            raise BadProperty(
                f"{property_id}: explicit has {case!r}, which is not a Case: write "
                "explicit=(Case(rate=0.1),)."
            )


def require_discrepancies(property_id: str, discrepancies: Any) -> None:
    """Raise unless each label has a discrepancy strictly between 0 and 1."""
    if not isinstance(discrepancies, Mapping):
        raise BadProperty(
            f"{property_id}: discrepancies={discrepancies!r}: give a dict from each label of the "
            "counts to a number, such as {'partners': 0.05}."
        )
    if not discrepancies:
        raise BadProperty(
            f"{property_id} promises nothing: give discrepancies={{label: 0.05}} for each label of "
            "the counts that it returns."
        )
    for label, value in discrepancies.items():
        if not isinstance(label, str):
            raise BadProperty(
                f"{property_id}: the label {label!r} of discrepancies is not a text: write that of "
                "Trials.of(..., label='partners')."
            )
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not 0.0 < value < 1.0:
            raise BadProperty(
                f"{property_id}: discrepancies[{label!r}]={value!r}: it must be a number strictly "
                "between 0 and 1, in standard deviations of one trial."
            )


def require_fields(property_id: str, *, level: Any, needs: Any, blocked_by: Any) -> None:
    """Raise unless the level, the abilities and the properties exist."""
    if level not in LEVELS:
        words = ", ".join(map(repr, LEVELS))
        raise BadProperty(f"{property_id}: level={level!r}: it must be one of {words}.")
    for ability in _items(property_id, "needs", needs, "('mask',)"):
        if ability not in ABILITIES:
            close = get_close_matches(str(ability), ABILITIES) or ABILITIES
            raise BadProperty(
                f"{property_id}: needs has {ability!r}, which is no ability of a subject: write "
                f"one of {', '.join(close)}."
            )
    for blocker in _items(property_id, "blocked_by", blocked_by, "('DP201',)"):
        _require_blocker(property_id, blocker)


def _items(property_id: str, field: str, value: Any, example: str) -> Sequence[Any]:
    """Return a tuple or list; a text is not one, although it has items."""
    if not isinstance(value, (tuple, list)):
        raise BadProperty(f"{property_id}: {field}={value!r}: give a tuple, such as {example}.")
    return value


def _require_blocker(property_id: str, blocker: Any) -> None:
    """Raise unless a property exists, and does not depend on this one in turn."""
    if reason := _refused(property_id, blocker):
        raise BadProperty(
            f"{property_id}: blocked_by has {blocker!r}: {reason} Own properties are declared "
            "before those that depend on them."
        )


def _refused(property_id: str, blocker: Any) -> str:
    from dropout_props.properties import UnknownProperty, find

    if not isinstance(blocker, str):
        return "give the id of a property, such as 'DP201'."
    if blocker == property_id:
        return "a property cannot depend on itself; leave it out."
    try:
        found = find(blocker)
    except UnknownProperty as error:
        return str(error)
    if found.id != blocker:
        return f"write {found.id}."
    if property_id in _behind(found):
        return f"it depends on {property_id} in turn; leave one of them out."
    return ""


def _behind(prop: Property) -> set[str]:
    """Return the ids of all properties that one depends on."""
    from dropout_props.properties import find

    found: set[str] = set()
    new = set(prop.blocked_by)
    while new:
        found |= new
        new = {one for blocker in new for one in find(blocker).blocked_by} - found
    return found
