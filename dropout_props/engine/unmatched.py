"""Patterns of `per-subject-ignore` that match no subject: a warning each, which fails nothing.

Guarantee: no module is imported, and no pattern is reported that could be the name of a subject of
the project: a listed subject whose module is not imported may have a name of its own.
"""

from __future__ import annotations

import sys
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from dropout_props.layers import registry
from dropout_props.subjects.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dropout_props.engine.selection import Selection

__all__ = ["unmatched"]

_ALIKE = 0.5  # least similarity of a name that is suggested


def unmatched(
    selection: Selection, judged: Iterable[str], *, listed: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return a sentence for each pattern that no known subject matches.

    Args:
        selection: its patterns are checked.
        judged: names of the subjects of the run.
        listed: names and paths of the subjects that the project lists.
    """
    known = dict.fromkeys(judged)
    for one in listed:
        names = _names_of(one)
        if not names:
            return ()
        known |= dict.fromkeys(names)
    others = (*registry.SHIPPED, *registry.EXAMPLES, *registry.FRAMEWORKS)
    return tuple(
        _sentence(pattern, [*known, *others])
        for pattern in selection.per_subject
        if not any(fnmatchcase(name, pattern) for name in (*known, *others))
    )


def _names_of(path: str) -> tuple[str, ...]:
    """Return the names that a listed subject may have; none if its module is not imported."""
    module, _, attr = path.partition(":")
    if not attr:
        return (path,)
    found = sys.modules.get(module)
    for part in attr.split("."):
        found = getattr(found, part, None)
    if found is None:
        return ()
    return (path, found.name) if isinstance(found, Subject) else (path,)


def _sentence(pattern: str, known: list[str]) -> str:
    close = get_close_matches(pattern, known, n=1, cutoff=_ALIKE)
    hint = f"; the closest is {close[0]}" if close else ""
    return (
        f'warning: per-subject-ignore."{pattern}" ignores nothing: no subject of this run, and no '
        "other known one, has such a name. A pattern must match the whole name that a report "
        f"prints{hint}."
    )
