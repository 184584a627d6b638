"""Properties in words, for `explain` and for the catalogue's page in the docs."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from dropout_props.cases.profiles import PROFILES
from dropout_props.properties.declaration import NightlyProperty, Property, Statistical
from dropout_props.properties.recorded.declaration import RecordProperty

__all__ = ["describe", "entries", "page"]

_HEAD = """# The catalogue

What dropout promises, property by property. `dropout-props explain --markdown` writes this page, and a
test holds it to the code. Discrepancies are in standard deviations of one trial: at keep
probability k, one of them is sqrt(k (1 - k)). Of a subject that is noise, a unit is kept when it
lies above its input, with probability 1/2 in place of 1 - rate. A property of the kind nightly is
decided by training models: `dropout-props check` does not judge it. One of the kind record is about a
running model: `dropout_props.record()` and `dropout-props audit` judge it.
"""


def entries(prop: Property | NightlyProperty | RecordProperty) -> dict[str, str]:
    """Return what there is to say about a property, by heading."""
    if isinstance(prop, NightlyProperty):
        return {
            "Properties": prop.sentence,
            "Formula": prop.formula,
            "Kind": f"{prop.kind}: `dropout-props check` does not judge it",
            "If it fails": prop.means,
            "Assumes": prop.assumes,
            "Decided": prop.decision,
            "Run by": f"`{prop.command}`, in a checkout of this repository",
            "Since": prop.since,
        }
    if isinstance(prop, RecordProperty):
        return {
            "Properties": prop.sentence,
            "Formula": prop.formula,
            "Kind": f"{prop.kind}, {'exact' if prop.exact else 'counts'}",
            "If it fails": prop.means,
            "Mended by": prop.mend,
            "Assumes": prop.assumes,
            "Judged by": "`dropout_props.record()` and `dropout-props audit`, on a running model",
            "Must kill": ", ".join(prop.wirings),
            "Since": prop.since,
        }
    found = {
        "Properties": prop.sentence,
        "Formula": prop.formula,
        "Kind": prop.kind,
        "If it fails": prop.means,
        "Assumes": prop.assumes,
        "Applies to subjects with": ", ".join(prop.needs) or "no particular trait",
        "Stands on": ", ".join(prop.blocked_by) or "nothing",
        "Must kill": ", ".join(prop.mutants),
        "Since": prop.since,
    }
    if isinstance(prop.decision, Statistical):
        promises = prop.decision.discrepancies.items()
        for profile in PROFILES.values():
            found[f"A pass in {profile.name} excludes"] = "; ".join(
                f"{label}: {profile.discrepancy_factor * d:g} sd of one trial"
                for label, d in promises
            )
    return found


def describe(prop: Property | NightlyProperty | RecordProperty) -> str:
    """Return the text of `explain`."""
    lines = [f"{prop.id}: {prop.name}", ""]
    for heading, text in entries(prop).items():
        lines += [f"{heading}:", textwrap.indent(textwrap.fill(text, 90), "  ")]
    return "\n".join(lines)


def page(properties: Sequence[Property | NightlyProperty | RecordProperty]) -> str:
    """Return the page of the docs, as Markdown."""
    parts = [_HEAD]
    for prop in properties:
        parts.append(f"## {prop.id}: {prop.name}\n")
        for heading, text in entries(prop).items():
            shown = f"`{text}`" if heading == "Formula" else text
            parts.append(f"- **{heading}:** {shown}")
        parts.append("")
    return "\n".join(parts).rstrip()
