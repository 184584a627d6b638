"""Cases of the statistical properties, and the keep probability that each case implies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_props.cases import strategies
from dropout_props.cases.case import Case
from dropout_props.statistics import Interval, keep_interval

if TYPE_CHECKING:
    from hypothesis import strategies as st

    from dropout_props.cases.profiles import Profile
    from dropout_props.properties.sampler import Sampler
    from dropout_props.subjects.subject import Traits

__all__ = ["CANONICAL", "block_cases", "canonical", "keep_of", "large_block_cases"]

_LARGE = 100  # units

# Symmetric noise lies above its reference with probability 1/2. The margin exceeds what 1 + noise
# loses by rounding next to 1 at the smallest rate that is counted, 0.001.
_ABOVE = Interval(0.5 - 2.0**-20, 0.5 + 2.0**-20)

CANONICAL = (0.01, 0.1, 0.5, 0.9)
"""Rates that every statistical property counts, beside those that Hypothesis draws."""


def canonical(shape: tuple[int, ...] = (128,)) -> tuple[Case, ...]:
    """Return one case of `shape` for each canonical rate."""
    return tuple(Case(shape=shape, rate=rate) for rate in CANONICAL)


def block_cases(
    profile: Profile,
    traits: Traits,  # noqa: ARG001 (the signature is the protocol)
) -> st.SearchStrategy[Case]:
    """Return cases to count in blocks: few shapes, any rate, an input without zeros."""
    return strategies.cases(
        rate=strategies.inner_rates(),
        pool=strategies.BLOCK_SHAPES if profile.wide_pools else strategies.BLOCK_SHAPES[:5],
        values=("distinct", "negative"),
    )


def large_block_cases(profile: Profile, traits: Traits) -> st.SearchStrategy[Case]:
    """Return block cases of at least a hundred units, enough to count within one mask."""
    return block_cases(profile, traits).filter(lambda case: case.size >= _LARGE)


def keep_of(sampler: Sampler) -> Interval:
    """Return the keep probabilities that correct arithmetic may give (noise: of lying above)."""
    if sampler.subject.traits.law == "noise":
        return _ABOVE
    return keep_interval(sampler.case.rate)
