"""Right programs on several devices."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from dropout_props.selftest.wirings import Outcome, Record
from dropout_props.selftest.wirings.devices import DEVICES, shard_mapped
from dropout_props.selftest.wirings.linen_models import Mlp
from dropout_props.selftest.wirings.plain import dropout, plain_mlp, plain_params
from dropout_props.selftest.wirings.training import (
    RATE,
    batch,
    descend,
    first_variables,
    key_of_step,
    squared_error,
    train,
)
from tests.recording.programs.program import Program

__all__ = ["PROGRAMS"]


def _automatic(record: Record, steps: int) -> Outcome:
    """Train with the batch sharded over the devices by jax.jit, under one key."""
    model: nn.Module = Mlp()
    root = jax.random.key(1)
    mesh = Mesh(np.array(jax.devices()[:DEVICES]), ("data",))
    by_example = NamedSharding(mesh, PartitionSpec("data"))
    whole = NamedSharding(mesh, PartitionSpec())

    @jax.jit
    def compiled(params: Any, number: Any, x: Any, y: Any) -> tuple[Any, Any]:
        def loss(params: Any) -> Any:
            rngs = {"dropout": key_of_step(root, number)}
            return squared_error(model.apply(params, x, train=True, rngs=rngs), y)

        value, grads = jax.value_and_grad(loss)(params)
        return descend(params, grads), value

    def step(params: Any, number: int, x: Any, y: Any) -> tuple[Any, Any]:
        x, y = jax.device_put((x, y), by_example)
        return compiled(params, number, x, y)

    params = first_variables(model, batch(0)[0], train=False)
    params, losses = train(record, steps, step, jax.device_put(params, whole))
    return Outcome(losses, params)


def _tensor_parallel(axis: str) -> Any:
    """Split the hidden units over the devices; what is not split has one mask everywhere."""

    def run(record: Record, steps: int) -> Outcome:
        root = jax.random.key(1)
        mesh = Mesh(np.array(jax.devices()[:DEVICES]), (axis,))
        whole, columns, rows = PartitionSpec(), PartitionSpec(None, axis), PartitionSpec(axis)

        @partial(shard_mapped, mesh=mesh, in_specs=(columns, rows, whole, whole), out_specs=whole)
        def forward(wide: Any, narrow: Any, x: Any, key: Any) -> Any:
            own, common = jax.random.split(key)
            own = jax.random.fold_in(own, jax.lax.axis_index(axis))
            hidden = dropout(own, jnp.tanh(x @ wide))
            return x + not_split(common, jax.lax.psum(hidden @ narrow, axis))

        @jax.jit
        def step(params: Any, number: Any, x: Any, y: Any) -> tuple[Any, Any]:
            def loss(params: Any) -> Any:
                return squared_error(forward(*params, x, key_of_step(root, number)), y)

            value, grads = jax.value_and_grad(loss)(params)
            return descend(params, grads), value

        params, losses = train(record, steps, step, plain_params())
        return Outcome(losses, params)

    return run


def _partly_automatic(record: Record, steps: int) -> Outcome:
    """Train in a shard_map that leaves one axis of the mesh to the compiler, where JAX can."""
    root = jax.random.key(1)
    map_shards = getattr(jax, "shard_map", None)
    mesh = Mesh(np.array(jax.devices()[:DEVICES]).reshape(DEVICES, 1), ("data", "model"))
    whole, rows = PartitionSpec(), PartitionSpec("data")

    def forward(params: Any, x: Any, key: Any) -> Any:
        own = jax.random.split(jax.random.fold_in(key, jax.lax.axis_index("data")), len(params))
        return plain_mlp(params, x, tuple(own))

    options: Any = {"mesh": mesh, "in_specs": (whole, rows, whole), "out_specs": rows}
    mapped = (
        shard_mapped(forward, **options)
        if map_shards is None
        else map_shards(forward, **options, axis_names={"data"}, check_vma=False)
    )

    @jax.jit
    def step(params: Any, number: Any, x: Any, y: Any) -> tuple[Any, Any]:
        def loss(params: Any) -> Any:
            return squared_error(mapped(params, x, key_of_step(root, number)), y)

        value, grads = jax.value_and_grad(loss)(params)
        return descend(params, grads), value

    params, losses = train(record, steps, step, plain_params())
    return Outcome(losses, params)


def not_split(key: Any, x: Any) -> Any:
    """Drop units of an array that every device holds."""
    return jnp.where(jax.random.bernoulli(key, 1 - RATE, x.shape), x / (1 - RATE), 0)


PROGRAMS = (
    Program(
        name="tensor_parallel",
        api="jax",
        says="What every device holds has one mask, along an axis that is named as one of a model.",
        run=_tensor_parallel("model"),
        devices=DEVICES,
    ),
    Program(
        name="tensor_parallel_along_another_axis",
        api="jax",
        says="The same along an axis with a name of its own, and DP910 is ignored there.",
        run=_tensor_parallel("hidden"),
        options={"ignore": {"not_split": (("DP905", "DP908", "DP910"), "every device holds it")}},
        devices=DEVICES,
    ),
    Program(
        name="partly_automatic_mesh",
        api="jax",
        says="JAX has no callback where an axis of the mesh stays automatic: no draw is seen.",
        run=_partly_automatic,
        devices=DEVICES,
    ),
    Program(
        name="automatic_sharding",
        api="linen",
        says="One key serves all devices: jax.jit draws one mask and shards it.",
        run=_automatic,
        devices=DEVICES,
    ),
)
