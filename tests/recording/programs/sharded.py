"""Right programs on several devices."""

from typing import Any

import jax
import numpy as np
from flax import linen as nn
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from dropout_props.selftest.wirings import Outcome, Record
from dropout_props.selftest.wirings.devices import DEVICES
from dropout_props.selftest.wirings.devices import WIRINGS as DEVICE_WIRINGS
from dropout_props.selftest.wirings.linen_models import Mlp
from dropout_props.selftest.wirings.training import (
    batch,
    descend,
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

    params = model.init(jax.random.key(0), batch(0)[0], train=False)
    params, losses = train(record, steps, step, jax.device_put(params, whole))
    return Outcome(losses, params)


PROGRAMS = (
    Program(
        name="automatic_sharding",
        api="linen",
        says="One key serves all devices: jax.jit draws one mask and shards it.",
        run=_automatic,
        devices=DEVICES,
    ),
    *(
        Program(
            name="shard_map_with_folded_index",
            api=wiring.api,
            says="Each device folds its index into the key of the step.",
            run=wiring.mended,
            devices=wiring.devices,
        )
        for wiring in DEVICE_WIRINGS
    ),
)
