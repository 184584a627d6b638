"""Cases of the statistical properties, and the keep probability that each case implies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dropout_props.cases import strategies
from dropout_props.cases.case import Case

if TYPE_CHECKING:
    from hypothesis import strategies as st

    from dropout_props.cases.profiles import Profile
    from dropout_props.subjects.subject import Traits

__all__ = [
    "CANONICAL",
    "HALF_PRECISION",
    "USUAL",
    "block_cases",
    "canonical",
    "countable",
    "large_block_cases",
]

_LARGE = 100  # units

CANONICAL = (0.01, 0.1, 0.5, 0.9)
"""Rates that every statistical property counts, beside those that Hypothesis draws."""


USUAL = (0.2, 0.25, 0.3)
"""Rates that most models have: whatever goes wrong with a rate must not spare these."""

HALF_PRECISION = tuple(Case(rate=0.01, dtype=dtype) for dtype in ("bfloat16", "float16"))
"""Inputs of half precision, at a rate that uniforms or thresholds of that dtype cannot give."""


def countable(case: Case, traits: Traits) -> Case:
    """Return the case, or the same in float32 where a unit of half precision cannot be counted."""
    if not traits.output_law.counts_half_precision and "float32" in traits.dtypes:
        return replace(case, dtype="float32")
    return case


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
        pool=strategies.WIDE_BLOCK_SHAPES if profile.wide_pools else strategies.BLOCK_SHAPES,
        values=("distinct", "negative"),
        # Each dtype compiles the shapes of a property again; DP202 always counts these dtypes.
        dtypes=strategies.DTYPES if profile.wide_pools else ("float32",),
    )


def large_block_cases(profile: Profile, traits: Traits) -> st.SearchStrategy[Case]:
    """Return block cases of at least a hundred units, enough to count within one mask."""
    return block_cases(profile, traits).filter(lambda case: case.size >= _LARGE)
