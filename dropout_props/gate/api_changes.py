"""Compares signatures, defaults and errors of two sides: does code that calls the layer still work?

A changed contract is: another type of error, an error that appears or disappears, another default,
a parameter that is gone or can no longer be passed as before. A note is: a message with other
words, since releases reword them without changing behaviour, and a new parameter with a default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_props.results.comparison import Change, Row

if TYPE_CHECKING:
    from dropout_props.results.records import Parameter, Signature, SubjectSnapshot

__all__ = ["compare_answers", "compare_signatures"]

_BY_POSITION = ("positional-only", "positional or keyword")
_BY_NAME = ("positional or keyword", "keyword-only")


def compare_signatures(base: SubjectSnapshot, candidate: SubjectSnapshot) -> tuple[Row, list[str]]:
    """Compare the parameters of a subject's constructor and call.

    Returns:
        The row `signature` of the subject, and notes.
    """
    there = {one.place: one for one in candidate.signatures}
    broken: list[str] = []
    notes: list[str] = []
    for mine in base.signatures:
        if mine.place not in there:
            broken.append(f"{mine.place}: its signature can no longer be read")
            continue
        more_broken, more_notes = _signature(mine, there[mine.place])
        broken += more_broken
        notes += [f"{base.subject}: {note}" for note in more_notes]
    row = Row(
        subject=base.subject,
        property_id="signature",
        name="parameters and defaults",
        change=Change.CONTRACT if broken else Change.IDENTICAL,
        base=_text(base.signatures),
        candidate=_text(candidate.signatures),
        detail="; ".join(broken) or "every call that was valid still is, with the same defaults",
    )
    return row, notes


def _signature(base: Signature, candidate: Signature) -> tuple[list[str], list[str]]:
    place = base.place
    old = {one.name: one for one in base.parameters}
    new = {one.name: one for one in candidate.parameters}
    broken = [f"{place}: {name} is gone" for name in old if name not in new]
    notes = []
    for name, one in new.items():
        if name in old:
            broken += _parameter(place, old[name], one)
        elif one.default is None and not one.kind.startswith("variadic"):
            broken.append(f"{place}: {name} is new and has no default")
        else:
            notes.append(f"{place}: {name}={one.default} is new")
    before = [n for n in old if old[n].kind in _BY_POSITION and n in new]
    after = [n for n in new if new[n].kind in _BY_POSITION]
    if all(new[n].kind in _BY_POSITION for n in before) and after[: len(before)] != before:
        broken.append(f"{place}: the order by position was {before}, is {after}")
    return broken, notes


def _parameter(place: str, old: Parameter, new: Parameter) -> list[str]:
    broken = []
    if old.default != new.default:
        was = "no default" if old.default is None else f"{old.name}={old.default}"
        now = "no default" if new.default is None else f"{new.name}={new.default}"
        if old.default is not None:  # a default where there was none breaks no call
            broken.append(f"{place}: {was} became {now}")
    if old.kind in _BY_POSITION and new.kind not in _BY_POSITION:
        broken.append(f"{place}: {old.name} can no longer be given by position")
    if old.kind in _BY_NAME and new.kind not in _BY_NAME:
        broken.append(f"{place}: {old.name} can no longer be given by name")
    return broken


def _text(signatures: tuple[Signature, ...]) -> str:
    return "; ".join(f"{one.place}({_parameters(one.parameters)})" for one in signatures)


def _parameters(parameters: tuple[Parameter, ...]) -> str:
    return ", ".join(
        one.name if one.default is None else f"{one.name}={one.default}" for one in parameters
    )


def compare_answers(base: SubjectSnapshot, candidate: SubjectSnapshot) -> tuple[Row, list[str]]:
    """Compare what both sides answer to the same invalid calls.

    Returns:
        The row `answers` of a subject, and notes.
    """
    there = {one.mistake: one for one in candidate.answers}
    changed, was, now, notes = [], [], [], []
    for mine in base.answers:
        other = there.get(mine.mistake)
        if other is None:
            continue
        old, new = mine.error or mine.message, other.error or other.message
        if old != new:
            changed.append(f"{mine.mistake}: {old} became {new}")
            was.append(old)
            now.append(new)
        elif mine.message != other.message:
            notes.append(
                f"{base.subject}: {mine.mistake}: {mine.error} has another message: {other.message}"
            )
    row = Row(
        subject=base.subject,
        property_id="answers",
        name="errors of invalid calls",
        change=Change.CONTRACT if changed else Change.IDENTICAL,
        base="; ".join(was) or f"{len(base.answers)} calls",
        candidate="; ".join(now) or f"{len(candidate.answers)} calls",
        detail="; ".join(changed) or "the same calls raise the same errors",
    )
    return row, notes
