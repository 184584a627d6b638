"""How much a run draws: profiles trade seconds against the discrepancy that a pass excludes.

A profile never touches the error budget: a `smoke` run raises no more false alarms than a
`nightly` one, it only sees less.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PROFILES", "Profile"]


@dataclass(frozen=True)
class Profile:
    """A size of run.

    Args:
        name: what the command line calls it.
        discrepancy_factor: what each property's discrepancy is multiplied with.
        exact_examples: Hypothesis examples of a property that is decided without statistics.
        statistical_examples: Hypothesis examples of a property that counts.
        wide_pools: whether shapes come from the wide pools, each shape a compilation.
    """

    name: str
    discrepancy_factor: float
    exact_examples: int
    statistical_examples: int
    wide_pools: bool


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("smoke", 4.0, 6, 5, wide_pools=False),
        Profile("ci", 1.0, 16, 8, wide_pools=False),
        Profile("nightly", 0.25, 200, 40, wide_pools=True),
    )
}
