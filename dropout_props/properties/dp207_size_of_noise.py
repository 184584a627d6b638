"""DP207: noise is as large as the layer says, and has the law that it says."""

import numpy as np

from dropout_props.properties.catalogue import Sampler, Trials, statistical
from dropout_props.properties.mask_cases import block_cases
from dropout_props.statistics import Interval
from dropout_props.statistics.noise import CENTRES, within

_GRID = 2.0**-15  # what the uniforms and the inverse function of float32 may add
_STEEPEST = 2.0  # probability per standard deviation, at most, of both ends of a centre


@statistical(
    "DP207",
    "noise has its size",
    statement="A layer of noise adds as much as it says: an output is within one half, and within "
    "nine tenths, of the declared law as often as that law says.",
    formula="P(|y - reference| <= q_m spread(reference, rate)) = m, for m = 1/2 and 9/10",
    if_broken="The noise is too small or too large, or has another law: it regularises less or "
    "more than the rate says.",
    assumes="The spread and the law are those of the subject. Where it is small beside the input, "
    "the probability may be off by the rounding of the output.",
    level="core",
    needs=("sized",),
    blocked_by=(),
    explained_by=("DP306", "DP307", "DP202"),
    killed_by=("noise_too_small", "noise_uniform"),
    cases=block_cases,
    discrepancies=dict.fromkeys(CENTRES, 0.01),
)
def size_of_noise(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    sizes, rounding = sampler.noise(sampler.keys(sampler.num_keys, block=block))
    off = _GRID + _STEEPEST * rounding
    return tuple(
        Trials.of(
            int(np.count_nonzero(sizes <= within(sampler.subject.traits.noise, mass))),
            sizes.size,
            Interval(max(mass - off, 0.0), min(mass + off, 1.0)),
            label=label,
        )
        for label, mass in CENTRES.items()
    )
