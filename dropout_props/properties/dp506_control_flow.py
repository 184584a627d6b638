"""DP506: in branches and loops of a program a layer has the mask of the key it gets there."""

from typing import Any

import jax
import numpy as np

from dropout_props.properties.catalogue import Sampler, exact, transform_cases
from dropout_props.properties.outputs import agree
from dropout_props.subjects.compiled.one_program import one_program

_STEPS = 3


@exact(
    "DP506",
    "control flow matches eager",
    statement="In the branches of cond and switch and in the steps of while_loop the layer has the "
    "mask of the key that it gets there.",
    formula="cond(c, train(k), train(j)) = train(k) or train(j); step t = train(fold_in(k, t))",
    if_broken="A branch or a step drops the units of another one.",
    needs=("mask", "transforms"),
    killed_by=("scan_same_key", "trace_baked", "traced_otherwise"),
    cases=transform_cases,
    weight=4,
)
def control_flow(sampler: Sampler) -> None:
    train, x = sampler.output, sampler.inputs()
    first, second = sampler.key_list(2, role="branches")

    def chosen(flag: Any) -> Any:
        return jax.lax.cond(flag, lambda: train(first, x), lambda: train(second, x))

    def switched(number: Any) -> Any:
        branches = [lambda: train(second, x), lambda: train(first, x)]
        return jax.lax.switch(number, branches)

    def step(state: tuple[Any, Any]) -> tuple[Any, Any]:
        number, outputs = state
        output = train(jax.random.fold_in(first, number), x)
        return number + 1, outputs.at[number].set(output)

    one, other = train(first, x), train(second, x)
    expected = np.stack([train(jax.random.fold_in(first, t), x) for t in range(_STEPS)])
    state = jax.device_put(np.int32(0)), jax.device_put(np.zeros_like(expected))
    flags, numbers = jax.device_put(np.array([True, False])), jax.device_put(np.arange(2))

    def flow() -> Any:  # a loop over the flags compiles each branch once
        steps = jax.lax.while_loop(lambda now: now[0] < _STEPS, step, state)[1]
        return jax.lax.map(chosen, flags), jax.lax.map(switched, numbers), steps

    branches, numbered, steps = map(np.asarray, one_program(flow, split=False))
    agree(sampler, branches[0], one, "in the first branch of cond")
    agree(sampler, branches[1], other, "in the second branch of cond")
    agree(sampler, numbered[0], other, "in branch 0 of switch")
    agree(sampler, numbered[1], one, "in branch 1 of switch")
    agree(sampler, steps, expected, "in the steps of while_loop")
