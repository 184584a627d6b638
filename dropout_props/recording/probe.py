"""The probe: a primitive that is the identity on key words and reports that they were used.

It has no JAX effect, so that `nn.scan`, `jax.checkpoint` and the rest take it. JAX drops it with
the draw that it feeds, when nothing uses that draw. In the compiled program the key words do not
pass through it: its lowering returns the operand itself and emits a host callback with a side
effect beside it, which XLA neither merges, nor hoists, nor drops. So bits, shardings and donation
stay what they are without it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dropout_props.recording.internals import ad, batching, core, mlir, not_mapped
from dropout_props.recording.journal import deliver
from dropout_props.recording.lowering import lower
from dropout_props.recording.slots import LaneAxis, Meta

probe_p: Any = core.Primitive("dropout_props_probe")


def _impl(words: Any, *operands: Any, meta: Meta) -> Any:
    """Report at once: outside of a traced program the words are there."""
    deliver(meta, words, *operands)
    return words


def _abstract(words: Any, *_: Any, meta: Meta) -> Any:
    """Give back the type of the key words."""
    del meta
    return words


def _batch(axis: Any, values: Any, dims: Any, *, meta: Meta) -> tuple[Any, int | None]:
    """Note one more enclosing vmap; the key words stay unbatched if they are.

    The newer JAX comes here for unbatched keys too, the older for batched ones only.
    """
    mapped = tuple(dim is not None for dim in dims)
    fronted = [
        batching.moveaxis(value, dim, 0) if there else value
        for value, dim, there in zip(values, dims, mapped, strict=True)
    ]
    name = getattr(axis, "name", None)
    lane = LaneAxis(
        size=int(axis.size),
        name=name if isinstance(name, str) else "",
        mapped=mapped,
    )
    out = bind(fronted, with_lane(meta, lane))
    return out, 0 if mapped[0] else None


def with_lane(meta: Meta, lane: LaneAxis) -> Meta:
    """Put one more vmap around a probe."""
    return replace(meta, lanes=(lane, *meta.lanes))


def bind(operands: Any, meta: Meta) -> Any:
    """Put a probe into the program that is being traced, or report at once.

    Args:
        operands: the key words, then one value a slot.
        meta: what they are.

    Returns:
        The key words.
    """
    return probe_p.bind(*operands, meta=meta)


def _old_batch(values: Any, dims: Any, *, meta: Meta) -> tuple[Any, int | None]:
    """Read the size of the axis off a mapped operand, where JAX does not say it."""
    dims = [None if dim is not_mapped else dim for dim in dims]
    size = next(v.shape[d] for v, d in zip(values, dims, strict=True) if d is not None)
    out, dim = _batch(_Axis(size, _name(dims, meta)), values, dims, meta=meta)
    return out, not_mapped if dim is None else dim


def _name(dims: Any, meta: Meta) -> str:
    """Find the name of the axis: that of the lane number that is mapped for the first time."""
    for i, (slot, dim) in enumerate(zip(meta.slots, dims[1:], strict=True), start=1):
        known = any(lane.mapped[i] for lane in meta.lanes)
        if slot.kind == "lane" and dim is not None and not known:
            return slot.name
    return ""


class _Axis:
    """The part of JAX's own axis data that a batching rule reads here."""

    def __init__(self, size: int, name: str) -> None:
        self.size = size
        self.name = name


probe_p.def_impl(_impl)
probe_p.def_abstract_eval(_abstract)
ad.defjvp_zero(probe_p)
if hasattr(batching, "fancy_primitive_batchers"):
    batching.fancy_primitive_batchers[probe_p] = _batch
else:
    batching.primitive_batchers[probe_p] = _old_batch
mlir.register_lowering(probe_p, lower)
