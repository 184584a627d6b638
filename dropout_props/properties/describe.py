"""Claims in words, for `explain` and for the catalogue's page in the docs."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from dropout_props.cases.profiles import PROFILES
from dropout_props.properties.declaration import Claim, NightlyClaim, Statistical

__all__ = ["describe", "entries", "page"]

_HEAD = """# The catalogue

What dropout promises, claim by claim. `dropout-props explain --markdown` writes this page, and a
test holds it to the code. Discrepancies are in standard deviations of one trial: at keep
probability k, one of them is sqrt(k (1 - k)). Of a subject that is noise, a unit is kept when it
lies above its input, with probability 1/2 in place of 1 - rate. A claim of the kind nightly is
decided by training models: `dropout-props check` does not judge it.
"""


def entries(claim: Claim | NightlyClaim) -> dict[str, str]:
    """Return what there is to say about a claim, by heading."""
    if isinstance(claim, NightlyClaim):
        return {
            "Claims": claim.sentence,
            "Formula": claim.formula,
            "Kind": f"{claim.kind}: `dropout-props check` does not judge it",
            "If it fails": claim.means,
            "Assumes": claim.assumes,
            "Decided": claim.decision,
            "Run by": f"`{claim.command}`, in a checkout of this repository",
            "Since": claim.since,
        }
    found = {
        "Claims": claim.sentence,
        "Formula": claim.formula,
        "Kind": claim.kind,
        "If it fails": claim.means,
        "Assumes": claim.assumes,
        "Applies to subjects with": ", ".join(claim.needs) or "no particular trait",
        "Stands on": ", ".join(claim.blocked_by) or "nothing",
        "Must kill": ", ".join(claim.mutants),
        "Since": claim.since,
    }
    if isinstance(claim.decision, Statistical):
        promises = claim.decision.discrepancies.items()
        for profile in PROFILES.values():
            found[f"A pass in {profile.name} excludes"] = "; ".join(
                f"{label}: {profile.discrepancy_factor * d:g} sd of one trial"
                for label, d in promises
            )
    return found


def describe(claim: Claim | NightlyClaim) -> str:
    """Return the text of `explain`."""
    lines = [f"{claim.id}: {claim.name}", ""]
    for heading, text in entries(claim).items():
        lines += [f"{heading}:", textwrap.indent(textwrap.fill(text, 90), "  ")]
    return "\n".join(lines)


def page(claims: Sequence[Claim | NightlyClaim]) -> str:
    """Return the page of the docs, as Markdown."""
    parts = [_HEAD]
    for claim in claims:
        parts.append(f"## {claim.id}: {claim.name}\n")
        for heading, text in entries(claim).items():
            shown = f"`{text}`" if heading == "Formula" else text
            parts.append(f"- **{heading}:** {shown}")
        parts.append("")
    return "\n".join(parts).rstrip()
