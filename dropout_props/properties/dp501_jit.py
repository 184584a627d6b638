"""DP501: a layer gives the same output compiled by jax.jit as uncompiled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import jax

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property
from dropout_props.properties.outputs import agree, training_call, transform_cases
from dropout_props.subjects.one_program_adapter import in_one_program

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

_MANY = 100  # units, as in the cases in which pairs of units are counted


def _check(sampler: Sampler) -> None:
    train, key, x = training_call(sampler), sampler.key(), sampler.inputs()
    expected = train(key, x)
    agree(sampler, jax.jit(train)(key, x), expected, "under jit")
    bound = jax.jit(lambda inputs: train(key, inputs))
    agree(sampler, bound(x), expected, "under jit, with the key as a constant")
    # What the statistical properties count is compiled: the counts are of eager calls as well.
    if sampler.case.size < _MANY:
        return
    keys = sampler.keys(sampler.num_keys, role="many")
    counted = replace(sampler, subject=in_one_program(sampler.subject)).outputs(keys)
    agree(sampler, counted, sampler.outputs(keys), f"{len(keys)} keys at once, compiled")


PROPERTY = Property(
    id="DP501",
    name="jit matches eager",
    level="core",
    sentence="Compiled by jax.jit, the layer gives the same mask bit for bit and the same values "
    "to one unit in the last place, also with its key as a constant of the program.",
    formula="jit(train)(k, x) = train(k, x)",
    means="The layer that was tested eagerly is not the layer that is trained.",
    assumes="Values behind a matrix product may differ by its rounding.",
    mutants=("traced_otherwise", "coarse_where_traced"),
    blocked_by=("DP201",),
    needs=("mask", "transforms"),
    decision=Exact(
        cases=transform_cases,
        check=_check,
        explicit=(Case(shape=(128,), rate=0.5),),
        weight=4,
    ),
)
