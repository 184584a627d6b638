"""Describe properties in words, for `explain` and for the catalogue's page in the docs."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from dropout_props.cases.profiles import PROFILES
from dropout_props.properties.declaration import Property, Statistical
from dropout_props.properties.recorded.declaration import RecordProperty

__all__ = ["describe", "entries", "page"]

_HEAD = """# The catalogue

Every property that this package checks. `python tools/catalogue.py` writes this page, and a test
compares it with the code. Discrepancies are in standard deviations of one trial: at keep
probability k, one of them is sqrt(k (1 - k)). A layer of symmetric noise counts as keeping a unit
that lies above its input, with probability 1/2 instead of 1 - rate.
A property of the kind record is about a running model: `dropout_props.record()` judges it.
"""


def entries(prop: Property | RecordProperty) -> dict[str, str]:
    """Return the texts about a property, by heading."""
    if isinstance(prop, RecordProperty):
        return {
            "States": prop.statement,
            "Formula": prop.formula,
            "Kind": f"{prop.kind}, {'exact' if prop.exact else 'counts'}",
            "If it fails": prop.if_broken,
            "Mended by": prop.mend,
            "Assumes": prop.assumes,
            "Judged by": "`dropout_props.record()`, on a running model",
            "Must kill": ", ".join(prop.killed_by),
            "Since": prop.since,
        }
    found = {
        "States": prop.statement,
        "Formula": prop.formula,
        "Kind": prop.kind,
        "Level": prop.level,
        "If it fails": prop.if_broken,
        "Assumes": prop.assumes,
        "Applies to subjects with": ", ".join(prop.needs) or "no particular trait",
        "Depends on": ", ".join(prop.blocked_by) or "nothing",
        "A failure is explained by one of": ", ".join(prop.explained_by) or "nothing else",
        "Must kill": ", ".join(prop.killed_by),
        "Since": prop.since,
    }
    if isinstance(prop.decision, Statistical):
        discrepancies = prop.decision.discrepancies.items()
        for profile in PROFILES.values():
            found[f"A pass in {profile.name} excludes"] = "; ".join(
                f"{label}: {profile.discrepancy_factor * d:g} sd of one trial"
                for label, d in discrepancies
            )
    return found


def describe(prop: Property | RecordProperty) -> str:
    """Return the text that `explain` prints about a property."""
    lines = [f"{prop.id}: {prop.name}", ""]
    for heading, text in entries(prop).items():
        lines += [f"{heading}:", textwrap.indent(textwrap.fill(text, 90), "  ")]
    return "\n".join(lines)


def page(properties: Sequence[Property | RecordProperty]) -> str:
    """Return the catalogue's page of the docs, as Markdown."""
    parts = [_HEAD]
    for prop in properties:
        parts.append(f"## {prop.id}: {prop.name}\n")
        for heading, text in entries(prop).items():
            shown = f"`{text}`" if heading == "Formula" else text
            parts.append(f"- **{heading}:** {shown}")
        parts.append("")
    return "\n".join(parts).rstrip()
