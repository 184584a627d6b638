"""What the statistical properties share: which cases they count, and the null of a case."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dropout_props.cases import strategies
from dropout_props.cases.case import Case
from dropout_props.statistics import Interval, keep_interval

if TYPE_CHECKING:
    from hypothesis import strategies as st

    from dropout_props.cases.profiles import Profile
    from dropout_props.properties.sampler import Sampler
    from dropout_props.subjects.subject import Traits

__all__ = [
    "CANONICAL",
    "HALF_PRECISION",
    "USUAL",
    "block_cases",
    "canonical",
    "countable",
    "keep_of",
    "large_block_cases",
]

_LARGE = 100  # units

# Of noise, symmetric about its reference: it is above or below. What 1 + noise rounds away next
# to 1 is less than this at the smallest rate that is counted, 0.001.
_ABOVE = Interval(0.5 - 2.0**-20, 0.5 + 2.0**-20)

CANONICAL = (0.01, 0.1, 0.5, 0.9)
"""Rates that every statistical property counts, whatever Hypothesis draws beside them."""


USUAL = (0.2, 0.25, 0.3)
"""Rates that most models have: whatever goes wrong with a rate must not spare these."""

HALF_PRECISION = tuple(Case(rate=0.01, dtype=dtype) for dtype in ("bfloat16", "float16"))
"""Inputs of half precision, at a rate that uniforms or thresholds of that dtype cannot give."""


def countable(case: Case, traits: Traits) -> Case:
    """Return the case, or for noise the same in float32.

    Half precision rounds much of a noise away, and what is neither above nor below cannot be
    counted.
    """
    if traits.law == "noise" and "float32" in traits.dtypes:
        return replace(case, dtype="float32")
    return case


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
        pool=strategies.WIDE_BLOCK_SHAPES if profile.wide_pools else strategies.BLOCK_SHAPES,
        values=("distinct", "negative"),
        # Each dtype compiles the shapes of a property again; DP202 always counts these dtypes.
        dtypes=strategies.DTYPES if profile.wide_pools else ("float32",),
    )


def large_block_cases(profile: Profile, traits: Traits) -> st.SearchStrategy[Case]:
    """The same, where one mask holds enough units to say something by itself."""
    return block_cases(profile, traits).filter(lambda case: case.size >= _LARGE)


def keep_of(sampler: Sampler) -> Interval:
    """Return the probabilities that a unit comes through, as correct arithmetic may give them."""
    if sampler.subject.traits.law == "noise":
        return _ABOVE
    return keep_interval(sampler.case.rate)
