"""DP206: rates close to 0 and to 1 are not rounded by a coarse threshold."""

from hypothesis import strategies as st

from dropout_props.properties.by_position import all_units, by_position
from dropout_props.properties.catalogue import Case, Sampler, Trials, statistical, strategies

# Half a step of 8, 11 (float16 below 1) and 16 bits from either end: a threshold that coarse
# rounds the rate to 0, or to twice its size.
_STEPS = (2.0**-9, 2.0**-12, 2.0**-17)
_RATES = (*_STEPS, *(1.0 - step for step in _STEPS))


# Half a step matters most next to 0 and 1: take 1, 3 and 5 times half a step.
_ODD = st.builds(lambda step, k: step * k, st.sampled_from(_STEPS), st.sampled_from((1, 3, 5)))


@statistical(
    "DP206",
    "extreme rates are exact",
    statement="The keep probability is 1 - rate to the grid of float32 uniforms, even half a step "
    "of an 8, 11 or 16 bit threshold away from rate 0 or 1.",
    formula="P(y != 0) = ceil(fl(keep) 2^23) / 2^23, at rate and keep down to 2^-17",
    if_broken="A small rate drops nothing, or twice what it should, because a threshold or the "
    "random numbers are too coarse.",
    assumes="DP201 holds. Rates below 2^-23 are beyond the arithmetic and beyond this property.",
    needs=("mask", "scaled", "any_rate"),
    explained_by=("DP202",),
    killed_by=("uint8_thresh", "uint16_thresh", "f16_thresh", "small_rate_ignored"),
    cases=strategies.cases(
        rate=st.one_of(_ODD, _ODD.map(lambda rate: 1.0 - rate)),
        pool=strategies.BLOCK_SHAPES[:3],
        values=("distinct", "negative"),
    ),
    explicit=tuple(Case(rate=rate) for rate in _RATES),
    discrepancies={"all units": 0.0025},
    positions=all_units,
)
def resolution(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    return by_position(all_units, sampler, block)
