"""DP514: on a mesh with explicit axes a layer accepts a sharded input."""

from collections.abc import Mapping
from typing import Any

import jax

from dropout_props.properties.catalogue import Case, Sampler, Violation, exact, strategies
from dropout_props.properties.outputs import agree, said_of
from dropout_props.subjects.isolated import DEVICES, run_isolated
from dropout_props.subjects.subject import Crashed, Unsupported

_SHAPE = (16, 24)


@exact(
    "DP514",
    "explicit mesh, same output",
    statement="On a mesh with explicit axes a sharded input gives the output of an unsharded one, "
    "also with a broadcast dim along the sharded axis.",
    formula="train(k, x sharded explicitly) = train(k, x)",
    if_broken="A model cannot be trained with JAX's explicit sharding, or trains on other masks.",
    assumes="JAX has meshes with explicit axes (set_mesh and AxisType).",
    level="framework",
    needs=("transforms", "explicit_mesh"),
    killed_by=("unsharded_zeros",),
    cases=strategies.cases(rate=(0.3, 0.7), pool=(_SHAPE,)),
    explicit=(Case(shape=_SHAPE, rate=0.5),),
    weight=16,
)
def explicit_mesh(sampler: Sampler) -> None:
    spread: Mapping[str, Any] = run_isolated(_on_explicit_mesh, sampler.fresh())
    if not spread:
        raise Unsupported("this release of JAX has no meshes with explicit axes")
    for where, (sharded, alone) in spread.items():
        if isinstance(sharded, str):
            raise Violation(f"{where}: {sharded}")
        agree(sampler, sharded, alone, where)


def _on_explicit_mesh(sampler: Sampler) -> dict[str, Any]:
    """Return outputs, sharded and unsharded, or an error's text; runs in the isolated process."""
    sharding: Any = jax.sharding
    if not (hasattr(sharding, "AxisType") and hasattr(jax, "set_mesh")):
        return {}
    mesh = jax.make_mesh((DEVICES,), ("devices",), axis_types=(sharding.AxisType.Explicit,))
    broadcast = [()] + [(0,)] * (sampler.subject.traits.lacks("broadcast_dims") is None)
    outputs: dict[str, Any] = {}
    for dims in broadcast:
        words = f"explicit mesh, axis 0 sharded, broadcast_dims={dims}"
        alone = sampler.train(broadcast_dims=dims)
        try:
            with jax.set_mesh(mesh):
                spread = jax.device_put(sampler.inputs(), sharding.PartitionSpec("devices", None))
                outputs[words] = sampler.train(spread, broadcast_dims=dims), alone
        except Crashed as error:
            outputs[words] = said_of(error), alone
    return outputs
