"""Which failures explain which, so that a report counts root causes.

Guarantee: no verdict changes. Cannot say: whether a failure that another one explains has a second
cause; that shows once the first is mended.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from dropout_props.properties import UnknownProperty, find
from dropout_props.results.records import PropertyResult
from dropout_props.results.verdict import Verdict

__all__ = ["with_roots"]

_EXPLAINS = (Verdict.FAIL, Verdict.ERROR)
_EXPLAINED = (Verdict.FAIL, Verdict.INCONCLUSIVE)

# What a layer does in every call: it raises one error, or returns what is no array.
_CRASH = re.compile(r" raised (\w+: [^.(]{1,30})|(returned an? \w+), where")
_PLACE = re.compile(r"\(([^(),]+, line \d+)\)")  # as `raised_at` writes it
_EVALUATES = "DP101"


def with_roots(results: Iterable[PropertyResult]) -> tuple[PropertyResult, ...]:
    """Return results in which each explained failure names the one that explains it."""
    found = tuple(results)
    failed = {
        (one.subject, one.property_id)
        for one in found
        if one.verdict in _EXPLAINS and one.unlisted is not Verdict.PASS  # a stale entry
    }
    named = tuple(replace(one, root_id=_root_of(one, failed)) for one in found)
    diagnosed = _by_crash(named) | _by_diagnosis(named)
    return tuple(
        replace(one, root_id=diagnosed.get((one.subject, one.root_id or one.property_id), ""))
        if (one.subject, one.root_id or one.property_id) in diagnosed
        else one
        for one in named
    )


def _by_crash(results: Iterable[PropertyResult]) -> dict[tuple[str, str], str]:
    """Return, by subject and id, the result that stands for all in which one crash shows.

    It is an error, unless evaluation fails by the crash. Errors of one text that come from two
    lines of the author's code are two crashes; a text without a line is then of neither.
    """
    failed = [
        one for one in results if one.verdict in _EXPLAINS and one.failure and not one.root_id
    ]
    found: dict[tuple[str, str], str] = {}
    for crashed in sorted(failed, key=lambda one: _weight(one.property_id)):
        seen = crashed.failure.seen if crashed.failure is not None else ""
        match = _CRASH.search(seen)
        if crashed.verdict is not Verdict.ERROR or match is None:
            continue
        words = (match[1] or match[2]).strip()
        same = [
            one
            for one in failed
            if one.subject == crashed.subject and one.failure and words in one.failure.seen
        ]
        places = {_place(one) for one in same} - {""}
        mine = {_place(crashed)} if len(places) > 1 else {*places, ""}
        alike = [one.property_id for one in same if _place(one) in mine]
        fails = {one.property_id for one in failed if one.verdict is Verdict.FAIL}
        root = _EVALUATES if _EVALUATES in fails.intersection(alike) else crashed.property_id
        for other in alike:
            if other != root and (crashed.subject, root) not in found:
                found.setdefault((crashed.subject, other), root)
    return found


def _place(one: PropertyResult) -> str:
    """Return the line of the author's code at which a call raised; empty where none is given."""
    found = _PLACE.findall(one.failure.seen) if one.failure is not None else []
    return found[-1] if found else ""


def _by_diagnosis(results: Iterable[PropertyResult]) -> dict[tuple[str, str], str]:
    """Return, by subject and id, the failure that has the same diagnosis and stands for all.

    It is one that no other failure explains, and the one that says most about the mask. It has no
    entry of its own.
    """
    groups: dict[tuple[str, str], list[PropertyResult]] = {}
    for one in results:
        diagnosis = one.failure.diagnosis if one.failure is not None else ""
        # "wrong for inputs of float16" says where a property fails, not why.
        if one.verdict is Verdict.FAIL and diagnosis and not diagnosis.startswith("wrong "):
            groups.setdefault((one.subject, diagnosis), []).append(one)
    found: dict[tuple[str, str], str] = {}
    for (subject, _), members in groups.items():
        root, *others = sorted(members, key=lambda one: (one.root_id, _weight(one.property_id)))
        for one in others:
            found[subject, one.property_id] = root.root_id or root.property_id
    return found


def _weight(property_id: str) -> tuple[int, str]:
    plain = ("DP201", "DP401", "DP302", "DP301", "DP304", "DP402", "DP802", "DP202")
    return plain.index(property_id) if property_id in plain else len(plain), property_id


def _root_of(one: PropertyResult, failed: set[tuple[str, str]]) -> str:
    """Return the root of a failure; for a blocked property, the root of what blocks it."""
    if one.verdict is Verdict.BLOCKED:
        return _root(one.subject, one.root_id, failed) or one.root_id
    return _root(one.subject, one.property_id, failed) if one.verdict in _EXPLAINED else ""


def _root(subject: str, property_id: str, failed: set[tuple[str, str]]) -> str:
    """Return the id at the end of the chain of explanations, or nothing without one."""
    try:
        explaining = find(property_id).explained_by
    except UnknownProperty:  # of a test, or of another release
        return ""
    for one in explaining:
        if (subject, one) in failed:
            return _root(subject, one, failed) or one
    return ""
