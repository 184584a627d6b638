"""Programs on eight host devices, with and without a record; prints one line of JSON."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from dropout_props.recording import recording

map_shards: Any = getattr(jax, "shard_map", None)
if map_shards is None:
    from jax.experimental.shard_map import shard_map as map_shards

EXPLICIT = "out_sharding" in inspect.signature(jax.random.bernoulli).parameters
"""Whether this JAX puts shardings into types, those of draws included."""

PARTLY = "axis_names" in inspect.signature(map_shards).parameters
"""Whether `shard_map` of this JAX takes the axes that become manual."""

KEY = jax.random.key(0)
X = jnp.arange(16 * 32, dtype=jnp.float32).reshape(16, 32)


def drop(key: jax.Array, x: jax.Array, **options: Any) -> jax.Array:
    """Drop a quarter."""
    mask = jax.random.bernoulli(key, 0.75, x.shape, **options)
    return jnp.where(mask, x / 0.75, 0)


def both(step: Callable[..., Any], *args: Any) -> dict[str, Any]:
    """Run a step with and without a record."""
    plain = step(*args)
    with recording() as record:
        seen = step(*args)
    return {
        "same_bits": np.array_equal(np.asarray(plain), np.asarray(seen)),
        "same_sharding": plain.sharding == seen.sharding,
        "draws": [[p.index for p in d.positions] for d in record.draws],
        "keys": len({d.key for d in record.draws}),
        "errors": list(record.errors),
        "notes": [note.text for note in record.notes],
    }


def automatic() -> dict[str, Any]:
    """Partition a jitted step automatically."""
    mesh = Mesh(np.array(jax.devices()), ("data",))
    x = jax.device_put(X, NamedSharding(mesh, P("data")))
    return both(jax.jit(lambda k, x: jnp.tanh(drop(k, x) @ jnp.ones((32, 8)))), KEY, x)


def explicit() -> dict[str, Any] | None:
    """Put shardings into types, where JAX does."""
    if not EXPLICIT:
        return None
    mesh = jax.make_mesh((8,), ("data",), axis_types=(jax.sharding.AxisType.Explicit,))
    with jax.set_mesh(mesh):
        x = jax.device_put(X, NamedSharding(mesh, P("data")))
        step = jax.jit(lambda k, x: drop(k, x, out_sharding=jax.typeof(x).sharding) * 2)
        return both(step, KEY, x)


def shard_map() -> dict[str, Any]:
    """Give each device the same key."""
    mesh = Mesh(np.array(jax.devices()), ("data",))
    inner = map_shards(drop, mesh=mesh, in_specs=(P(), P("data")), out_specs=P("data"))
    return both(jax.jit(inner), KEY, X)


def partly_automatic() -> dict[str, Any] | None:
    """Leave an axis of the mesh automatic: JAX has no callback there."""
    if not PARTLY:
        return None
    mesh = Mesh(np.array(jax.devices()).reshape(4, 2), ("data", "model"))
    inner = map_shards(
        drop, mesh=mesh, in_specs=(P(), P("data")), out_specs=P("data"), axis_names={"data"}
    )
    return both(jax.jit(inner), KEY, X)


def rules() -> dict[str, Any]:
    """Draw in a custom rule, with one key for all devices."""

    @jax.custom_vjp
    def rule(key: jax.Array, x: jax.Array) -> jax.Array:
        return drop(key, x)

    rule.defvjp(lambda k, x: (drop(k, x), k), lambda k, ct: (None, drop(k, ct)))
    mesh = Mesh(np.array(jax.devices()), ("data",))
    inner = map_shards(rule, mesh=mesh, in_specs=(P(), P("data")), out_specs=P("data"))
    return both(jax.jit(jax.grad(lambda x: jnp.sum(inner(KEY, x)))), X)


def pmap() -> dict[str, Any]:
    """The same with pmap."""
    step = jax.pmap(drop, in_axes=(None, 0), axis_name="data")
    return both(step, KEY, X.reshape(8, 2, 32))


def vmapped() -> dict[str, Any]:
    """Shard a batch of keys."""
    mesh = Mesh(np.array(jax.devices()), ("data",))
    sharding = NamedSharding(mesh, P("data"))
    keys = jax.device_put(jax.random.split(KEY, 16), sharding)
    return both(jax.jit(jax.vmap(drop)), keys, jax.device_put(X, sharding))


def donation() -> dict[str, Any]:
    """Donate the input of a step."""
    step = jax.jit(drop, donate_argnums=1)
    plain = step(KEY, X + 0)
    with recording():
        x = X + 0
        seen = step(KEY, x)
    return {
        "deleted": x.is_deleted(),
        "same_bits": np.array_equal(np.asarray(plain), np.asarray(seen)),
    }


if __name__ == "__main__":
    programs = (automatic, explicit, shard_map, partly_automatic, rules, pmap, vmapped, donation)
    print(json.dumps({program.__name__: program() for program in programs}))  # noqa: T201
