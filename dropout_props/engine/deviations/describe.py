"""Describes the known deviations of a property, for `explain`."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from dropout_props.engine.deviations import SHIPPED_LIST

if TYPE_CHECKING:
    from dropout_props.engine.deviations import Deviation

__all__ = ["conditions", "known_of"]


def known_of(property_id: str) -> str:
    """Return the known deviations of a property in all versions, or an empty text."""
    lines, reasons = ["Known deviations:"], set()
    for entry in SHIPPED_LIST:
        if entry.property_id == property_id:
            lines.append(_words(entry, is_repeated=entry.is_general and entry.reason in reasons))
            reasons.add(entry.reason)
    return "\n".join(lines) if reasons else ""


def conditions(entry: Deviation) -> str:
    """Return the subjects, versions and flags that an entry covers."""
    others = f"other {entry.api} subjects" if entry.api else "other subjects"
    subjects = others if entry.subject == "*" else entry.subject
    when = ", ".join(f"{package} {condition}" for package, condition in entry.when.items())
    unless = "".join(f", unless {flag} is {value}" for flag, value in entry.unless.items())
    return f"{subjects}, {when or 'every version'}{unless}"


def _words(entry: Deviation, *, is_repeated: bool) -> str:
    if is_repeated:
        return f"  {conditions(entry)}: for the same reason, where they are written in that manner"
    text = textwrap.fill(f"{conditions(entry)}: {entry.reason}", 90)
    lines = [textwrap.indent(text, "  "), f"  {entry.link}"]
    if entry.reproducer:
        lines += [
            "  reproduce with flax alone:",
            textwrap.indent(entry.reproducer, " " * 4).rstrip(),
        ]
    return "\n".join(lines)
