"""DP502: a batch of keys gives what the keys give one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp

from dropout_props.case import Case
from dropout_props.properties.applied import agree, training_call, transform_cases
from dropout_props.properties.claim import Claim, Exact

if TYPE_CHECKING:
    from dropout_props.sampler import Sampler

_ROWS = 3


def _check(sampler: Sampler) -> None:
    train, x = training_call(sampler), jnp.asarray(sampler.case.inputs())
    keys = sampler.keys(_ROWS, role="rows")
    rows = jnp.stack([train(key, x) for key in keys])
    batched = jax.vmap(train, in_axes=(0, None))
    agree(sampler, batched(keys, x), rows, "under vmap over keys")
    inputs = jnp.stack([x, 2 * x, 4 * x])
    one = jnp.stack([train(keys[0], row) for row in inputs])
    shared = jax.vmap(train, in_axes=(None, 0))
    agree(sampler, shared(keys[0], inputs), one, "under vmap over inputs, with one key")


CLAIM = Claim(
    id="DP502",
    name="vmap = loop",
    sentence="Under jax.vmap over keys each row has the mask of its own key; over inputs with one "
    "key every row has the mask of that key.",
    formula="vmap(train)(ks, x)[i] = train(ks[i], x); vmap(train)(k, xs)[i] = train(k, xs[i])",
    means="Examples of a batch share a mask, or get one that no loop reproduces.",
    assumes="Threefry keys: with rbg keys vmap differs from a loop by design (jax#20094).",
    mutants=("traced_otherwise", "vmap_first_key"),
    blocked_by=("DP201",),
    needs=("mask", "transforms"),
    decision=Exact(cases=transform_cases, check=_check, explicit=(Case(shape=(128,), rate=0.5),)),
)
