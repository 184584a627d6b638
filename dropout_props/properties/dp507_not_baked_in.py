"""DP507: tracing a program fixes nothing of the mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax

from dropout_props.cases.case import Case
from dropout_props.properties.coincidence import always_equal
from dropout_props.properties.declaration import Exact, Property, Violation
from dropout_props.properties.outputs import agree, decisive_cases, training_call

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler


def _check(sampler: Sampler) -> None:
    train, x = training_call(sampler), sampler.inputs()
    first = sampler.key("calls")
    program = jax.jit(train)
    one = program(first, x)
    if always_equal(sampler, lambda key: (program(key, x), one), role="another"):
        raise Violation("one compiled program gives two keys the same output")
    agree(sampler, program(first, x), one, "the program, called again with its first key")
    agree(sampler, jax.jit(training_call(sampler))(first, x), one, "the program, traced again")


PROPERTY = Property(
    id="DP507",
    name="jit does not freeze masks",
    sentence="One compiled program gives each key its own mask, the same at every call and after "
    "the layer is traced again.",
    formula="f = jit(train): f(k) != f(j), f(k) = f(k) = jit(train)(k)",
    means="The mask was drawn once, when the program was traced, and every training step repeats "
    "it.",
    assumes="Two masks of 128 units at a rate from 0.3 to 0.7 are equal with probability below "
    "2^-70.",
    mutants=("scan_same_key", "trace_baked"),
    blocked_by=("DP201",),
    needs=("mask", "transforms"),
    decision=Exact(
        cases=decisive_cases,
        check=_check,
        explicit=(Case(shape=(128,), rate=0.5),),
        weight=4,
    ),
)
