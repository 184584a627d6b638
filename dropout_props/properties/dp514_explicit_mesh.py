"""DP514: on a mesh with explicit axes a layer accepts a sharded input."""

from typing import Any

import jax

from dropout_props.properties.catalogue import Case, Sampler, Violation, exact, strategies
from dropout_props.properties.outputs import agree, cause_text
from dropout_props.subjects.isolated import DEVICES, num_accelerators, run_isolated
from dropout_props.subjects.subject import Crashed, Unsupported

_SHAPE = (16, 24)


@exact(
    "DP514",
    "explicit mesh, same output",
    statement="On a mesh with explicit axes a sharded input gives the output of an unsharded one, "
    "also with a broadcast dim along the sharded axis.",
    formula="train(k, x sharded explicitly) = train(k, x)",
    if_broken="A model cannot be trained with JAX's explicit sharding, or trains on other masks.",
    assumes="JAX has meshes with explicit axes (set_mesh and AxisType). The devices are those of "
    "DP505.",
    level="framework",
    needs=("transforms", "explicit_mesh"),
    killed_by=("unsharded_zeros",),
    cases=strategies.cases(rate=(0.3, 0.7), pool=(_SHAPE,)),
    explicit=(Case(shape=_SHAPE, rate=0.5),),
    weight=16,
)
def explicit_mesh(sampler: Sampler) -> None:
    spread: dict[str, Any] = run_isolated(_on_explicit_mesh, sampler.fresh(), DEVICES)
    if count := num_accelerators():
        spread |= _on_explicit_mesh(sampler.fresh(), count)
    if not spread:
        raise Unsupported("this release of JAX has no meshes with explicit axes")
    for where, (sharded, alone) in spread.items():
        if isinstance(sharded, str):
            raise Violation(f"{where}: {sharded}")
        agree(sampler, sharded, alone, where)


def _on_explicit_mesh(sampler: Sampler, count: int) -> dict[str, Any]:
    """Return outputs, sharded and unsharded, or an error's text; runs where the devices are."""
    sharding: Any = jax.sharding
    if not (hasattr(sharding, "AxisType") and hasattr(jax, "set_mesh")):
        return {}
    kinds, devices = (sharding.AxisType.Explicit,), jax.local_devices()[:count]
    mesh = jax.make_mesh((count,), ("devices",), axis_types=kinds, devices=devices)
    broadcast = [()] + [(0,)] * (sampler.subject.traits.lacks("broadcast_dims") is None)
    outputs: dict[str, Any] = {}
    for dims in broadcast:
        backend = jax.default_backend()
        words = f"explicit mesh of {count} {backend} devices, axis 0 sharded, broadcast_dims={dims}"
        alone = sampler.train(broadcast_dims=dims)
        try:
            with jax.set_mesh(mesh):
                spread = jax.device_put(sampler.inputs(), sharding.PartitionSpec("devices", None))
                outputs[words] = sampler.train(spread, broadcast_dims=dims), alone
        except Crashed as error:
            outputs[words] = cause_text(error), alone
    return outputs
