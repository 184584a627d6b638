"""Put a probe in front of one draw."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from dropout_props.recording.frameworks import declared_rate, shared_axes
from dropout_props.recording.meshes import axis_slots
from dropout_props.recording.places import here
from dropout_props.recording.probe import bind
from dropout_props.recording.session import Session
from dropout_props.recording.slots import LaneAxis, Meta, Slot

LARGEST_PROBABILITY = 64
"""How many probabilities one draw may carry. With more, its mask is not rebuilt."""


@contextmanager
def probed(
    session: Session,
    sampler: str,
    key: Any,
    *,
    shape: Any,
    dtype: str,
    mode: str = "",
    probability: Any = None,
) -> Iterator[Any]:
    """Record a draw, and give the key to draw with.

    Args:
        session: the record.
        sampler: the name of the function that draws.
        key: a typed key, or an array of keys.
        shape: the shape of one draw.
        dtype: what is drawn.
        mode: of `bernoulli`.
        probability: of `bernoulli`; None elsewhere.

    Yields:
        The key, which has passed the probe.

    Raises:
        RecordingError: the caller runs on a second thread.
    """
    session.refuse_other_threads(f"jax.random.{sampler}")
    session.busy += 1
    try:
        yield _pass(session, sampler, key, tuple(shape), dtype, mode, probability)
    finally:
        session.busy -= 1


def _pass(  # noqa: PLR0917 - private, and called once
    session: Session,
    sampler: str,
    key: Any,
    shape: tuple[int, ...],
    dtype: str,
    mode: str,
    probability: Any,
) -> Any:
    """Bind the probe."""
    session.drawn += 1
    impl = key.dtype._impl  # noqa: SLF001 - jax.random.key_impl names no custom one
    words = jax.random.key_data(key)
    point = _point(session, sampler, shape, dtype, mode, impl.name)
    carried = [*_probability(probability), *session.enclosing, *axis_slots()]
    if not isinstance(words, jax.core.Tracer):
        # Nothing is being traced here: an index that is can only belong to code around it.
        carried = [(slot, value) for slot, value in carried if not _traced(value)]
    lanes = tuple(LaneAxis(size, "keys", (True, *(False for _ in carried))) for size in key.shape)
    meta = Meta(session.id, point, tuple(slot for slot, _ in carried), lanes)
    seen = bind([words, *(value for _, value in carried)], meta)
    return jax.random.wrap_key_data(seen, impl=impl)


def _point(  # noqa: PLR0917 - private, and called once
    session: Session, sampler: str, shape: tuple[int, ...], dtype: str, mode: str, impl: str
) -> int:
    """Register where this draw is."""
    where = here()
    module = where.module
    call = session.inside[-1] if session.inside else None
    return session.point(
        place=where.place,
        sampler=sampler,
        shape=shape,
        dtype=dtype,
        impl=impl,
        mode=mode,
        module="" if module is None else type(module).__name__,
        declared_rate=None if module is None else declared_rate(module),
        input_shape=None if call is None else call.input_shape,
        input_dtype="" if call is None else call.input_dtype,
        shared_axes=() if module is None else shared_axes(module),
        partitionable=bool(jax.config.jax_threefry_partitionable),
    )


def _probability(value: Any) -> list[tuple[Slot, Any]]:
    """Carry a probability as the unsigned integers that have its bits.

    No float of the program reaches the probe, so differentiation does not meet it there.
    """
    if value is None:
        return []
    number = jnp.asarray(value)
    if number.size > LARGEST_PROBABILITY:
        return []
    bits = lax.bitcast_convert_type(
        lax.stop_gradient(number), jnp.dtype(f"uint{8 * number.dtype.itemsize}")
    )
    return [(Slot("probability", name=str(number.dtype)), bits)]


def _traced(value: Any) -> bool:
    """Say whether a value is part of a program that is being traced."""
    return isinstance(value, jax.core.Tracer)
