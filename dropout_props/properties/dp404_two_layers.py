"""DP404: layers of one model have independent masks."""

from typing import Any

import jax.numpy as jnp

from dropout_props.properties.catalogue import Sampler, Trials, statistical
from dropout_props.properties.mask_statistics import SHIFTED, every_shift, shift_named
from dropout_props.statistics import agreement
from dropout_props.subjects.operations import Layers

_NAMES = ("first", "second", "encoder/drop", "decoder/drop", "decoder/inner/drop")
_PAIRS = {
    "siblings": ("first", "second"),
    "one name in two blocks": ("encoder/drop", "decoder/drop"),
    "one name at two depths": ("decoder/drop", "decoder/inner/drop"),
}


@statistical(
    "DP404",
    "two layers are independent",
    statement="Masks of two layers of one model are independent, unit by unit and at every shift: "
    "of siblings, and of layers of one name in two blocks or at two depths.",
    formula="P(both kept or both dropped) = keep^2 + rate^2, for units of the two masks",
    if_broken="Layers that should get independent noise drop the same units.",
    assumes="DP201 holds. A wrong keep rate (DP202) also changes how often masks agree.",
    level="core",
    needs=("mask", "layers"),
    explained_by=("DP306", "DP307", "DP202", "DP301", "DP402", "DP403"),
    killed_by=("same_key_all_layers", "layers_shifted"),
    discrepancies=dict.fromkeys(_PAIRS, 0.01)
    | {f"{label}, {order}": promised for label in _PAIRS for order, promised in SHIFTED.items()},
    name_of=shift_named,
)
def two_layers(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    x, rate = sampler.inputs(), sampler.case.rate

    def all_layers(key: Any) -> Any:
        streams = sampler.streams(key)
        return jnp.stack(sampler.subject.run(Layers(_NAMES), x, rate=rate, streams=streams))

    keys = sampler.keys(max(1, sampler.num_keys // 2), block=block)
    kept = sampler.masks_in(sampler.each(all_layers, keys))
    null = agreement(sampler.keep)
    families = []
    for label, pair in _PAIRS.items():
        first, second = (kept[:, _NAMES.index(name)] for name in pair)
        families.append(Trials.of(int((first == second).sum()), first.size, null, label=label))
        flat = first.reshape(len(first), -1), second.reshape(len(second), -1)
        families += every_shift(*flat, null, f"{label}, ")
    return tuple(families)
