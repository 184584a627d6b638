"""DP206: rates that a coarse threshold cannot tell apart are honoured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from dropout_props.cases import strategies
from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Property, Statistical
from dropout_props.properties.mask_cases import keep_of
from dropout_props.statistics import Trials

if TYPE_CHECKING:
    from dropout_props.cases.profiles import Profile
    from dropout_props.properties.sampler import Sampler
    from dropout_props.subjects.subject import Traits

# Half a step of 8, 11 (float16 below 1) and 16 bits from either end: any coarser threshold gives
# none of it, or twice as much.
_STEPS = (2.0**-9, 2.0**-12, 2.0**-17)
_RATES = (*_STEPS, *(1.0 - step for step in _STEPS))


def _cases(profile: Profile, traits: Traits) -> st.SearchStrategy[Case]:  # noqa: ARG001
    # Nearest to an end, where half a step is the most: the multiples 1, 3 and 5 of it.
    odd = st.builds(lambda step, k: step * k, st.sampled_from(_STEPS), st.sampled_from((1, 3, 5)))
    return strategies.cases(
        rate=st.one_of(odd, odd.map(lambda rate: 1.0 - rate)),
        pool=strategies.BLOCK_SHAPES[:3],
        values=("distinct", "negative"),
    )


def _observe(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    kept = sampler.block(block)
    return (Trials.of(int(kept.sum()), kept.size, keep_of(sampler), label="all units"),)


PROPERTY = Property(
    id="DP206",
    name="resolution",
    sentence="Rates half a step of an 8, 11 or 16 bit threshold from 0 and from 1 are honoured: "
    "the keep probability is the one asked for, to the grid of float32 uniforms.",
    formula="P(y != 0) = ceil(fl(keep) 2^23) / 2^23, at rate and keep down to 2^-17",
    means="The threshold or the uniform numbers are too coarse: a small rate drops nothing, or "
    "twice what it should.",
    assumes="Support (DP201). Rates below 2^-23 are beyond the arithmetic, and beyond this property.",
    mutants=("uint8_thresh", "uint16_thresh", "f16_thresh", "small_rate_ignored"),
    blocked_by=("DP201",),
    needs=("mask", "scaled", "any_rate"),
    decision=Statistical(
        cases=_cases,
        observe=_observe,
        discrepancies={"all units": 0.0025},
        explicit=tuple(Case(shape=(128,), rate=rate) for rate in _RATES),
    ),
)
