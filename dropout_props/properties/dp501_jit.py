"""DP501: a layer gives the same output compiled by jax.jit as uncompiled."""

from dataclasses import replace

import jax

from dropout_props.properties.catalogue import Sampler, exact, transform_cases
from dropout_props.properties.outputs import agree
from dropout_props.subjects.compiled.adapter import in_one_program

_MANY = 100  # units, as in the cases in which pairs of units are counted


@exact(
    "DP501",
    "jit matches eager",
    statement="Compiled by jax.jit, the layer gives the same mask bit for bit and the same values "
    "to one unit in the last place, also with its key as a constant of the program.",
    formula="jit(train)(k, x) = train(k, x)",
    if_broken="The layer that was tested eagerly is not the layer that is trained.",
    assumes="Values behind a matrix product may differ by its rounding.",
    level="core",
    needs=("mask", "transforms"),
    killed_by=("traced_otherwise", "coarse_where_traced"),
    cases=transform_cases,
    weight=4,
)
def jit(sampler: Sampler) -> None:
    train, key, x = sampler.output, sampler.key(), sampler.inputs()
    expected = train(key, x)
    both = jax.jit(lambda given, inputs: (train(given, inputs), train(key, inputs)))
    traced, constant = both(key, x)
    agree(sampler, traced, expected, "under jit")
    agree(sampler, constant, expected, "under jit, with the key as a constant")
    # What the statistical properties count is compiled: the counts are of eager calls as well.
    if sampler.case.size < _MANY:
        return
    keys = sampler.keys(sampler.num_keys, role="many")
    counted = replace(sampler, subject=in_one_program(sampler.subject)).outputs(keys)
    agree(sampler, counted, sampler.outputs(keys), f"{len(keys)} keys at once, compiled")
