"""DP502: under jax.vmap each row has the mask that a loop gives it."""

from typing import Any

import jax
import numpy as np

from dropout_props.properties.catalogue import Sampler, exact, transform_cases
from dropout_props.properties.outputs import agree
from dropout_props.subjects.compiled.one_program import one_program

_ROWS = 3


@exact(
    "DP502",
    "vmap matches a loop",
    statement="Under jax.vmap each row has the mask that a loop gives it: over keys, over inputs "
    "with one key, and over a named axis whose index is folded into the key.",
    formula="vmap(train)(ks, x)[i] = train(ks[i], x); vmap(train)(k, xs)[i] = train(k, xs[i])",
    if_broken="Examples of a batch share a mask, or get one that no loop reproduces.",
    assumes="Threefry keys, whatever the default: with rbg keys vmap differs from a loop by "
    "design (jax#20094).",
    needs=("mask", "transforms"),
    killed_by=("traced_otherwise", "vmap_first_key", "shard_same", "vmap_half_shared"),
    cases=transform_cases,
    weight=4,
)
def vmap(sampler: Sampler) -> None:
    with jax.default_prng_impl("threefry2x32"):
        _vmap(sampler)


def _vmap(sampler: Sampler) -> None:
    train, x = sampler.output, sampler.inputs()
    keys = sampler.keys(_ROWS, role="rows")
    singly = sampler.key_list(_ROWS, role="rows")
    rows = np.stack([train(key, x) for key in singly])
    batched = jax.vmap(train, in_axes=(0, None))
    agree(sampler, one_program(lambda: batched(keys, x)), rows, "under vmap over keys")
    each = [jax.device_put(sampler.case.inputs() * np.asarray(n, x.dtype)) for n in (1, 2, 4)]
    inputs = jax.device_put(np.stack(each))
    one = np.stack([train(singly[0], row) for row in each])
    shared = jax.vmap(train, in_axes=(None, 0))
    agree(
        sampler,
        one_program(lambda: shared(singly[0], inputs)),
        one,
        "under vmap over inputs, with one key",
    )

    def on_device(inputs: Any) -> Any:
        return train(jax.random.fold_in(singly[0], jax.lax.axis_index("devices")), inputs)

    folded = [train(jax.random.fold_in(singly[0], n), row) for n, row in enumerate(each)]
    devices = jax.vmap(on_device, axis_name="devices")
    seen = one_program(lambda: devices(inputs))
    agree(sampler, seen, np.stack(folded), "over a named axis, its index folded in")
