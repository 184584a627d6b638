"""Profiles: how much a run draws, in exchange for how small a discrepancy a pass excludes.

A profile never changes the error budget: a `smoke` run raises no more false alarms than a
`nightly` one, but misses smaller faults.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PROFILES", "Profile"]


@dataclass(frozen=True)
class Profile:
    """A size of run.

    Args:
        name: the name on the command line.
        discrepancy_factor: factor on the discrepancy of each property.
        exact_examples: cases of an exact property; fewer where each compiles, and never fewer than
            its explicit cases.
        statistical_examples: cases of a statistical property, explicit ones included.
        wide_pools: draw shapes from the wide pools; each distinct shape is a compilation.
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
