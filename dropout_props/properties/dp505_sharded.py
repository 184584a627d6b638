"""DP505: on several devices a layer gives what it gives on one."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.properties.catalogue import NotRun, Sampler, Violation, exact
from dropout_props.properties.outputs import agree
from dropout_props.subjects.isolated import DEVICES, num_accelerators, run_isolated

_AXIS = "devices"


@exact(
    "DP505",
    "sharded matches unsharded",
    statement="Under jit an input that is sharded over 8 devices gives the output of an unsharded "
    "one, and under shard_map each shard has the mask of the key that is folded there.",
    formula="jit(train)(k, shard(x)) = train(k, x); shard s: train(fold_in(k, s), x_s)",
    if_broken="Training on several devices differs from the training that was tested on one, or "
    "every device drops the same units.",
    assumes="Eight devices of the host, in an isolated process, and the accelerators of this one "
    "where it has two or more. DP514 covers meshes with explicit axes.",
    level="framework",
    needs=("mask", "transforms"),
    killed_by=("shard_same", "device_counted"),
    weight=16,
)
def sharded(sampler: Sampler) -> None:
    if all(n % DEVICES for n in sampler.case.shape):
        raise NotRun(f"no axis of {sampler.case.shape} can be cut into {DEVICES} parts")
    alone = sampler.train()
    _check(sampler, alone, run_isolated(_sharded, sampler.fresh(), DEVICES), "devices of the host")
    if count := num_accelerators():
        _check(sampler, alone, _sharded(sampler.fresh(), count), f"{jax.default_backend()} devices")


def _check(sampler: Sampler, alone: np.ndarray, spread: dict[str, Any], devices: str) -> None:
    count, mapped = len(spread["folded"]), spread["mapped"]
    agree(sampler, spread["plain"], alone, f"in a process with {count} {devices}")
    agree(sampler, spread["sharded"], alone, f"jit of an input sharded over {count} {devices}")
    what = f"the shards of shard_map over {count} {devices}, each with the key of its number"
    agree(sampler, mapped, spread["folded"], what)
    masks = {np.packbits(mask).tobytes() for mask in sampler.masks_in(mapped)}
    if len(masks) < count:
        raise Violation(f"{count} shards with different keys have {len(masks)} masks")


def _sharded(sampler: Sampler, count: int) -> dict[str, Any]:
    """Return the outputs; runs in the process that has the devices."""
    train, key, x = sampler.output, sampler.key(), sampler.inputs()
    mesh = jax.sharding.Mesh(np.asarray(jax.local_devices()[:count]), (_AXIS,))
    rows = jax.sharding.PartitionSpec(_AXIS)
    axis = max(axis for axis, n in enumerate(x.shape) if n % count == 0)
    along = jax.sharding.PartitionSpec(*[None] * axis, _AXIS)
    spread = jax.device_put(x, jax.sharding.NamedSharding(mesh, along))

    def shard(key: Any, x: Any) -> Any:
        own = jax.random.fold_in(key, jax.lax.axis_index(_AXIS))
        return train(own, x[0])[None]

    copies = jnp.stack([x] * count)
    none = jax.sharding.PartitionSpec()
    mapped = _shard_map()(shard, mesh=mesh, in_specs=(none, rows), out_specs=rows)
    keys = [jax.random.fold_in(key, number) for number in range(count)]
    return {
        "plain": np.asarray(train(key, x)),
        "sharded": np.asarray(jax.jit(train)(key, spread)),
        "mapped": np.asarray(jax.jit(mapped)(key, copies)),
        "folded": np.stack([np.asarray(train(one, x)) for one in keys]),
    }


def _shard_map() -> Any:
    if hasattr(jax, "shard_map"):
        return jax.shard_map
    from jax.experimental.shard_map import shard_map

    return shard_map
