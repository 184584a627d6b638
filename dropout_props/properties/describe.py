"""One claim in words, for `explain` and for its page in the docs."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from dropout_props.profiles import PROFILES

if TYPE_CHECKING:
    from dropout_props.properties.claim import Claim

__all__ = ["describe", "entries"]


def entries(claim: Claim) -> dict[str, str]:
    """Return what there is to say about a claim, by heading."""
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
    if claim.is_statistical:
        promises = claim.decision.discrepancies.items()  # type: ignore[union-attr]
        for profile in PROFILES.values():
            found[f"A pass in {profile.name} excludes"] = "; ".join(
                f"{label}: {profile.discrepancy_factor * d:g} sd of one trial"
                for label, d in promises
            )
    return found


def describe(claim: Claim) -> str:
    """Return the text of `explain`."""
    lines = [f"{claim.id}: {claim.name}", ""]
    for heading, text in entries(claim).items():
        lines += [f"{heading}:", textwrap.indent(textwrap.fill(text, 90), "  ")]
    return "\n".join(lines)
