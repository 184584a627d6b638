"""Give each `vmap` of the older JAX an operand that is mapped.

Before JAX 0.4.36 `vmap` does not come to a probe whose operands are all unmapped: a key that
serves the whole batch would look like a key of one example. So on these releases each `vmap` gets
one more input, the number of the lane, which every draw inside takes as an operand. The newer JAX
calls the batching rule of a probe for unmapped operands as well, and needs none of this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from dropout_props.recording.internals import batching, linear_util
from dropout_props.recording.patches import Patches
from dropout_props.recording.session import Session
from dropout_props.recording.slots import Slot


def needed() -> bool:
    """Say whether this JAX passes over probes without mapped operands."""
    return not hasattr(batching, "fancy_primitive_batchers")


def install(session: Session, patches: Patches) -> None:
    """Number the lanes of each `vmap`, where that is needed.

    Args:
        session: the record.
        patches: where the replaced function is noted.
    """
    if needed():
        patches.attribute(batching, "batch", _numbered(session, batching.batch))


def _numbered(session: Session, original: Any) -> Callable[..., Any]:
    """Wrap the function of JAX that all forms of `vmap` call."""
    with_lane = linear_util.transformation(_with_lane)
    add_lane = linear_util.transformation(_add_lane)

    def batch(
        fun: Any, axis_name: Any, axis_size: Any, in_dims: Any, out_dims: Any, *rest: Any, **k: Any
    ) -> Any:
        plain = isinstance(in_dims, tuple | list) and isinstance(axis_size, int)
        if not plain or not session.same_thread():
            return original(fun, axis_name, axis_size, in_dims, out_dims, *rest, **k)
        name = axis_name if isinstance(axis_name, str) else ""
        slot = Slot("lane", session.number(), axis_size, name=name)
        inner = with_lane(fun, session, slot)
        mapped = original(inner, axis_name, axis_size, (0, *in_dims), out_dims, *rest, **k)
        return add_lane(mapped, axis_size)

    return batch


def _with_lane(session: Session, slot: Slot, lane: Any, *args: Any) -> Iterator[Any]:
    """Take the number of the lane off the inputs, and trace the rest inside of it."""
    with session.within((slot, lane)):
        outs = yield args, {}
    yield outs


def _add_lane(size: int, *args: Any) -> Iterator[Any]:
    """Put the numbers of the lanes in front of the inputs."""
    outs = yield (np.arange(size, dtype=np.int32), *args), {}
    yield outs
