"""The list of known deviations in words, for `explain`."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from dropout_props.engine.deviations import SHIPPED_LIST

if TYPE_CHECKING:
    from dropout_props.engine.deviations import Deviation

__all__ = ["conditions", "known_of"]


def known_of(property_id: str) -> str:
    """Return what is known to violate a property, whatever is installed; empty when nothing is."""
    lines, told = ["Known deviations:"], set()
    for entry in SHIPPED_LIST:
        if entry.property_id == property_id:
            lines.append(_words(entry, told_before=entry.is_general and entry.reason in told))
            told.add(entry.reason)
    return "\n".join(lines) if told else ""


def conditions(entry: Deviation) -> str:
    """Return the subjects, the versions and the flags that an entry speaks of."""
    others = f"other {entry.api} subjects" if entry.api else "other subjects"
    who = others if entry.subject == "*" else entry.subject
    when = ", ".join(f"{package} {condition}" for package, condition in entry.when.items())
    unless = "".join(f", unless {flag} is {value}" for flag, value in entry.unless.items())
    return f"{who}, {when or 'every version'}{unless}"


def _words(entry: Deviation, *, told_before: bool) -> str:
    if told_before:
        return f"  {conditions(entry)}: for the same reason, where they are written in that manner"
    told = textwrap.fill(f"{conditions(entry)}: {entry.reason}", 90)
    lines = [textwrap.indent(told, "  "), f"  {entry.link}"]
    if entry.reproducer:
        lines += [
            "  reproduce with flax alone:",
            textwrap.indent(entry.reproducer, " " * 4).rstrip(),
        ]
    return "\n".join(lines)
