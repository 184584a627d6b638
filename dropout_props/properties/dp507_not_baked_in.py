"""DP507: tracing a program fixes nothing of the mask."""

from functools import partial

import jax

from dropout_props.properties.catalogue import Sampler, Violation, exact
from dropout_props.properties.coincidence import always_equal
from dropout_props.properties.outputs import agree
from dropout_props.subjects.compiled.one_program import one_program


@exact(
    "DP507",
    "jit does not freeze masks",
    statement="One compiled program gives each key its own mask, the same at every call and after "
    "the layer is traced again.",
    formula="f = jit(train): f(k) != f(j), f(k) = f(k) = jit(train)(k)",
    if_broken="The mask was drawn once, when the program was traced, and every training step "
    "repeats it.",
    assumes="Two masks of 128 units at a rate from 0.3 to 0.7 are equal with probability below "
    "2^-70.",
    needs=("mask", "transforms"),
    killed_by=("scan_same_key", "trace_baked"),
    weight=4,
)
def not_baked_in(sampler: Sampler) -> None:
    train, x = sampler.output, sampler.inputs()
    first = sampler.key("calls")
    program = jax.jit(partial(train))  # an equal function would share its trace
    one = program(first, x)
    if always_equal(sampler, lambda key: (program(key, x), one), role="another"):
        raise Violation("one compiled program gives two keys the same output")
    agree(sampler, program(first, x), one, "the program, called again with its first key")
    again = one_program(partial(sampler.output, first, x))
    agree(sampler, again, one, "the program, traced again")
