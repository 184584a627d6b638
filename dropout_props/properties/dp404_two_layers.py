"""DP404: layers of one model have independent masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp

from dropout_props.properties.declaration import Property, Statistical
from dropout_props.properties.mask_cases import canonical, keep_of, large_block_cases
from dropout_props.properties.mask_statistics import SHIFTED, every_shift, shift_named
from dropout_props.statistics import Trials, agreement

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

_NAMES = ("first", "second", "encoder/drop", "decoder/drop", "decoder/inner/drop")
_PAIRS = {
    "siblings": ("first", "second"),
    "one name in two blocks": ("encoder/drop", "decoder/drop"),
    "one name at two depths": ("decoder/drop", "decoder/inner/drop"),
}


def _observe(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    x, rate = sampler.inputs(), sampler.case.rate

    def all_layers(key: Any) -> Any:
        streams = sampler.streams(key)
        return jnp.stack(sampler.subject.call_layers(x, names=_NAMES, rate=rate, streams=streams))

    keys = sampler.keys(max(1, sampler.num_keys // 2), block=block)
    kept = sampler.masks_in(sampler.each(all_layers, keys))
    null = agreement(keep_of(sampler))
    families = []
    for label, pair in _PAIRS.items():
        first, second = (kept[:, _NAMES.index(name)] for name in pair)
        families.append(Trials.of(int((first == second).sum()), first.size, null, label=label))
        flat = first.reshape(len(first), -1), second.reshape(len(second), -1)
        families += every_shift(*flat, null, f"{label}, ")
    return tuple(families)


PROPERTY = Property(
    id="DP404",
    name="two layers are independent",
    level="core",
    sentence="Masks of two layers of one model are independent, unit by unit and at every shift: "
    "of siblings, and of layers of one name in two blocks or at two depths.",
    formula="P(both kept or both dropped) = keep^2 + rate^2, for units of the two masks",
    means="Layers that should get independent noise drop the same units.",
    assumes="DP201 holds. A wrong keep rate (DP202) also changes how often masks agree.",
    mutants=("same_key_all_layers", "layers_shifted"),
    blocked_by=("DP201",),
    explained_by=("DP306", "DP307", "DP202", "DP301", "DP402", "DP403"),
    needs=("mask", "layers"),
    decision=Statistical(
        cases=large_block_cases,
        observe=_observe,
        discrepancies=dict.fromkeys(_PAIRS, 0.01)
        | {
            f"{label}, {order}": promised for label in _PAIRS for order, promised in SHIFTED.items()
        },
        explicit=canonical(),
        name_of=shift_named,
    ),
)
