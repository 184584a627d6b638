"""What the statistical properties share: which cases they count, and the null of a case."""

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

# Of noise, symmetric about its reference: it is above or below. What 1 + noise rounds away next
# to 1 is less than this at the smallest rate that is counted, 0.001.
_ABOVE = Interval(0.5 - 2.0**-20, 0.5 + 2.0**-20)

CANONICAL = (0.01, 0.1, 0.5, 0.9)
"""Rates that every statistical property counts, whatever Hypothesis draws beside them."""


def canonical(shape: tuple[int, ...] = (128,)) -> tuple[Case, ...]:
    """Return one case of `shape` for each canonical rate."""
    return tuple(Case(shape=shape, rate=rate) for rate in CANONICAL)


def block_cases(
    profile: Profile,
    traits: Traits,  # noqa: ARG001 (the signature is the protocol)
) -> st.SearchStrategy[Case]:
    """Cases whose masks are counted in blocks: few shapes, free rates, non-zero input."""
    return strategies.cases(
        rate=strategies.inner_rates(),
        pool=strategies.BLOCK_SHAPES if profile.wide_pools else strategies.BLOCK_SHAPES[:5],
        values=("distinct", "negative"),
    )


def large_block_cases(profile: Profile, traits: Traits) -> st.SearchStrategy[Case]:
    """The same, where one mask holds enough units to say something by itself."""
    return block_cases(profile, traits).filter(lambda case: case.size >= _LARGE)


def keep_of(sampler: Sampler) -> Interval:
    """Return the probabilities that a unit comes through, as correct arithmetic may give them."""
    if sampler.subject.traits.law == "noise":
        return _ABOVE
    return keep_interval(sampler.case.rate)
