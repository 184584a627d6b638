"""DP403: repeated calls of one layer have independent masks."""

from typing import Any

import jax.numpy as jnp

from dropout_props.properties.catalogue import Sampler, Trials, statistical
from dropout_props.properties.mask_statistics import TWO_MASKS, shift_named, two_masks
from dropout_props.statistics import agreement
from dropout_props.subjects.operations import Repeat


@statistical(
    "DP403",
    "two calls are independent",
    statement="Masks of two calls of one layer in one application are independent: unit by unit, "
    "and at every shift of one against the other, forwards and backwards.",
    formula="P(both kept or both dropped) = keep^2 + rate^2, for units of the two masks",
    if_broken="A layer that is called again, in a loop or on a second input, repeats its noise.",
    assumes="DP201 holds. A wrong keep rate (DP202) also changes how often masks agree, and fails "
    "here too.",
    level="core",
    needs=("mask", "repeat"),
    explained_by=("DP306", "DP307", "DP202", "DP301", "DP402"),
    killed_by=(
        "state_not_advanced",
        "call_counter_ignored",
        "cached_mask",
        "antithetic_calls",
        "overlap",
        "call_rate_drifts",
        "calls_shifted",
        "calls_mirrored_and_shifted",
        "overlap_third",
    ),
    discrepancies=TWO_MASKS,
    name_of=shift_named,
)
def two_calls(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    x, rate = sampler.inputs(), sampler.case.rate

    def twice(key: Any) -> Any:
        streams = sampler.streams(key)
        return jnp.stack(sampler.subject.run(Repeat(2), x, rate=rate, streams=streams))

    keys = sampler.keys(max(1, sampler.num_keys // 2), block=block)
    kept = sampler.masks_in(sampler.each(twice, keys))
    kept = kept.reshape(len(kept), 2, -1)
    return two_masks(kept[:, 0], kept[:, 1], agreement(sampler.keep))
