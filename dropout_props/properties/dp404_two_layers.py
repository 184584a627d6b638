"""DP404: layers of one model have independent masks, whatever their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp

from dropout_props.cases import strategies
from dropout_props.cases.case import Case
from dropout_props.properties.coincidence import always_equal
from dropout_props.properties.declaration import Exact, Property, Statistical, Violation
from dropout_props.properties.mask_cases import canonical, keep_of, large_block_cases
from dropout_props.statistics import Trials, agreement

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

_NAMES = ("first", "second", "encoder/drop", "decoder/drop", "decoder/inner/drop")
_PAIRS = {
    "siblings": ("first", "second"),
    "one name in two blocks": ("encoder/drop", "decoder/drop"),
    "one name at two depths": ("decoder/drop", "decoder/inner/drop"),
}
# Paths of names that only the separator tells apart, also where a layer joins names with "_".
_AWKWARD = (("a_b/c", "a/b_c"), ("a/bc", "ab/c"), ("block_1/1_drop", "block_11/_drop"))


def _observe(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    x, rate = jnp.asarray(sampler.case.inputs()), sampler.case.rate

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
    return tuple(families)


def _check(sampler: Sampler) -> None:
    x, rate = jnp.asarray(sampler.case.inputs()), sampler.case.rate
    for pair in _AWKWARD:

        def both(key: Any, pair: tuple[str, str] = pair) -> tuple[Any, ...]:
            streams = sampler.streams(key)
            return sampler.subject.call_layers(x, names=pair, rate=rate, streams=streams)

        if always_equal(sampler, both):  # type: ignore[arg-type]
            run_together = len({name.replace("/", "") for name in pair}) == 1
            why = ": their names run together without a separator" if run_together else ""
            raise Violation(f"layers {pair[0]} and {pair[1]} share their mask{why}")


PROPERTY = Property(
    id="DP404",
    name="two layers are independent",
    sentence="Masks of two layers of one model are independent: of siblings, of layers of one name "
    "in two blocks or at two depths, and of layers whose names only a separator tells apart.",
    formula="P(both kept or both dropped) = keep^2 + rate^2, for units of the two masks; "
    "mask(a/bc) and mask(ab/c) differ",
    means="Layers that should get independent noise drop the same units.",
    assumes="DP201 holds. A wrong keep rate (DP202) also changes how often masks agree. Two masks "
    "of a hundred units or more at a rate from 0.3 to 0.7 are equal with probability below 2^-70.",
    mutants=("same_key_all_layers", "underscore_names", "plain_concat_names"),
    blocked_by=("DP201",),
    needs=("mask", "layers"),
    decision=Statistical(
        cases=large_block_cases,
        observe=_observe,
        discrepancies=dict.fromkeys(_PAIRS, 0.01),
        explicit=canonical(),
        also=Exact(
            cases=lambda _, __: strategies.cases(
                rate=strategies.inner_rates(0.3, 0.7),
                pool=((128,),),
                values=("distinct", "negative"),
            ),
            check=_check,
            explicit=(Case(shape=(128,), rate=0.5),),
        ),
    ),
)
