"""Describe the known deviations of a property in words, for `explain`."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from dropout_props.engine.deviations import FRAMEWORKS_LIST, SHIPPED_LIST

if TYPE_CHECKING:
    from dropout_props.engine.deviations import Deviation

__all__ = ["conditions", "known_of"]


def known_of(property_id: str) -> str:
    """Return the entries about a property, for all releases; empty when there are none."""
    lines, reasons = ["Known deviations:"], set()
    for entry in (*SHIPPED_LIST, *FRAMEWORKS_LIST):
        if entry.property_id == property_id:
            lines.append(_words(entry, repeated=entry.is_general and entry.reason in reasons))
            reasons.add(entry.reason)
    return "\n".join(lines) if reasons else ""


def conditions(entry: Deviation) -> str:
    """Return the subjects, the versions and the flags that an entry covers."""
    others = f"other {entry.api} subjects" if entry.api else "other subjects"
    if entry.drawn_by:
        others += f" whose masks the code of {entry.drawn_by[0]} draws"
    subject = others if entry.subject == "*" else entry.subject
    when = ", ".join(f"{package} {condition}" for package, condition in entry.when.items())
    unless = "".join(f", unless {flag} is {value}" for flag, value in entry.unless.items())
    return f"{subject}, {when or 'every version'}{unless}"


def _words(entry: Deviation, *, repeated: bool) -> str:
    if repeated:
        return f"  {conditions(entry)}: for the same reason"
    text = textwrap.fill(f"{conditions(entry)}: {entry.reason}", 90)
    lines = [textwrap.indent(text, "  "), f"  {entry.link}"]
    if entry.reproducer:
        lines += [
            "  reproduce without dropout_props:",
            textwrap.indent(entry.reproducer, " " * 4).rstrip(),
        ]
    return "\n".join(lines)
