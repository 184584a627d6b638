"""Devices that share their masks: the key is replicated, and no device folds in its index.

These programs need several devices. Their data are sharded over the axis `data`, by examples.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, PartitionSpec

from dropout_props.selftest.wirings.linen_models import Mlp
from dropout_props.selftest.wirings.plain import plain_mlp, plain_params
from dropout_props.selftest.wirings.training import (
    batch,
    descend,
    first_variables,
    key_of_step,
    squared_error,
    train,
)
from dropout_props.selftest.wirings.wiring import Outcome, Record, Wiring

__all__ = ["DEVICES", "WIRINGS", "shard_mapped"]

DEVICES = 2


def shard_mapped(function: Any, mesh: Mesh, in_specs: Any, out_specs: Any) -> Any:
    """Apply shard_map, which moved out of jax.experimental, without a check of replication.

    Args:
        function: what runs on each device.
        mesh: the devices.
        in_specs: how the arguments are sharded.
        out_specs: how the results are sharded.

    Returns:
        The mapped function.
    """
    if hasattr(jax, "shard_map"):
        return jax.shard_map(
            function, mesh=mesh, in_specs=in_specs, out_specs=out_specs, check_vma=False
        )
    from jax.experimental.shard_map import shard_map

    return shard_map(function, mesh=mesh, in_specs=in_specs, out_specs=out_specs, check_rep=False)


def _training(apply: Any, first: Any, *, fold: bool) -> Any:
    """Train with the batch sharded over the devices: `apply(params, x, key)` is the model."""

    def run(record: Record, steps: int) -> Outcome:
        root = jax.random.key(1)
        mesh = Mesh(np.array(jax.devices()[:DEVICES]), ("data",))
        whole, by_example = PartitionSpec(), PartitionSpec("data")

        @jax.jit
        @partial(
            shard_mapped,
            mesh=mesh,
            in_specs=(whole, whole, by_example, by_example),
            out_specs=(whole, whole),
        )
        def step(params: Any, number: Any, x: Any, y: Any) -> tuple[Any, Any]:
            key = key_of_step(root, number)
            if fold:
                key = jax.random.fold_in(key, jax.lax.axis_index("data"))

            def loss(params: Any) -> Any:
                return squared_error(apply(params, x, key), y)

            value, grads = jax.value_and_grad(loss)(params)
            grads = jax.lax.pmean(grads, "data")
            return descend(params, grads), jax.lax.pmean(value, "data")

        params, losses = train(record, steps, step, first())
        return Outcome(losses, params)

    return run


def _linen_apply(params: Any, x: Any, key: Any) -> Any:
    return Mlp().apply(params, x, train=True, rngs={"dropout": key})


def _linen_params() -> Any:
    return first_variables(Mlp(), batch(0)[0], train=False)


def _plain_apply(params: Any, x: Any, key: Any) -> Any:
    return plain_mlp(params, x, tuple(jax.random.split(key)))


_SAYS = "shard_map hands every device the same key, so the devices share their masks."
_MEND = 'Fold in the index of the device: fold_in(key, jax.lax.axis_index("data")).'
_SEEN = "tt-metal#16822, oneflow#3974, optax#148"

WIRINGS = (
    Wiring(
        name="devices_share_the_key",
        api="linen",
        also=("DP905", "DP908"),
        says=_SAYS,
        mend=_MEND,
        wrong=_training(_linen_apply, _linen_params, fold=False),
        mended=_training(_linen_apply, _linen_params, fold=True),
        devices=DEVICES,
        seen_in=_SEEN,
    ),
    Wiring(
        name="devices_share_the_key",
        api="jax",
        also=("DP905", "DP908"),
        says=_SAYS,
        mend=_MEND,
        wrong=_training(_plain_apply, plain_params, fold=False),
        mended=_training(_plain_apply, plain_params, fold=True),
        devices=DEVICES,
        seen_in=_SEEN,
    ),
)
