"""Put a probe in front of one draw."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from dropout_props.recording.errors import RecordingError
from dropout_props.recording.frameworks import declared_rate, is_array, shared_axes
from dropout_props.recording.internals import CONFIG, staged
from dropout_props.recording.layers import keep
from dropout_props.recording.masks import EXACT
from dropout_props.recording.meshes import axis_slots
from dropout_props.recording.probe import bind
from dropout_props.recording.roots import equal_roots
from dropout_props.recording.session import Session
from dropout_props.recording.slots import LaneAxis, Meta, Slot

LARGEST_PROBABILITY = 64
"""How many probabilities one draw may carry. With more, its mask is not rebuilt."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A draw that is being made.

    Attributes:
        key: the key to draw with.
        meta: the description of the probe that is still to come, on the mask; None if the key has
            passed the probe, or the draw could not be watched.
        values: one value a slot.
    """

    key: Any
    meta: Meta | None = None
    values: tuple[Any, ...] = ()


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
) -> Iterator[Watched]:
    """Record a draw, and give the key to draw with.

    A draw that cannot be watched is made all the same, and noted.

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
        yield _watch(session, sampler, key, tuple(shape), dtype, mode, probability)
    finally:
        session.busy -= 1


def _watch(  # noqa: PLR0917 - private, and called once
    session: Session,
    sampler: str,
    key: Any,
    shape: tuple[int, ...],
    dtype: str,
    mode: str,
    probability: Any,
) -> Watched:
    """Bind the probe, or note why that failed."""
    session.drawn += 1
    try:
        return _pass(session, sampler, key, shape, dtype, mode, probability)
    except RecordingError:
        raise
    except Exception as error:  # noqa: BLE001 - the program must run, seen or not
        _unwatched(session, sampler, error)
        return Watched(key)


def report_mask(session: Session, watched: Watched, mask: Any) -> Any:
    """Put the probe behind a draw whose mask is no function of its key, as that of `rbg` keys.

    Args:
        session: the record.
        watched: the draw.
        mask: what was drawn.

    Returns:
        The mask.
    """
    if watched.meta is None:
        return mask
    try:
        return bind([mask, *watched.values], watched.meta)
    except Exception as error:  # noqa: BLE001 - as above
        _unwatched(session, "bernoulli", error)
        return mask


def _unwatched(session: Session, sampler: str, error: Exception) -> None:
    """Note that a draw could not be watched."""
    session.note(
        "draw",
        f"a draw of jax.random.{sampler} could not be watched: {type(error).__name__}: {error}",
        place=session.here().place,
    )


def _pass(  # noqa: PLR0917 - private, and called once
    session: Session,
    sampler: str,
    key: Any,
    shape: tuple[int, ...],
    dtype: str,
    mode: str,
    probability: Any,
) -> Watched:
    """Bind the probe."""
    impl = key.dtype._impl  # noqa: SLF001 - jax.random.key_impl names no custom one
    words = jax.random.key_data(key)
    point = _point(session, sampler, shape, dtype, mode, impl.name)
    carried = [*_probability(probability), *session.enclosing, *axis_slots()]
    if not isinstance(words, jax.core.Tracer):
        # Nothing is being traced here: an index that is can only belong to code around it.
        carried = [(slot, value) for slot, value in carried if not staged(value)]
    if not any(_may_be_left_out(slot) for slot, _ in carried):
        session.unconditional.add(session.points[point].id)
    lanes = tuple(LaneAxis(size, "keys", (True, *(False for _ in carried))) for size in key.shape)
    if sampler == "bernoulli" and impl.name not in EXACT and not lanes:
        carried.append((Slot("key"), words))
        meta = Meta(session.id, point, tuple(slot for slot, _ in carried), carries=True)
        return Watched(key, meta, tuple(value for _, value in carried))
    meta = Meta(session.id, point, tuple(slot for slot, _ in carried), lanes)
    seen = bind([words, *(value for _, value in carried)], meta)
    return Watched(jax.random.wrap_key_data(seen, impl=impl))


def _may_be_left_out(slot: Slot) -> bool:
    """Say whether code in such a branch or loop may not run, though the code around it does."""
    return slot.kind in ("branch", "while") or (slot.kind == "scan" and slot.size == 0)


def _point(  # noqa: PLR0917 - private, and called once
    session: Session, sampler: str, shape: tuple[int, ...], dtype: str, mode: str, impl: str
) -> int:
    """Register where this draw is."""
    where = session.here()
    module = where.module
    call = session.inside[-1] if session.inside else None
    rate = None if module is None else declared_rate(module)
    session.look_at_scans(where.root)
    first = next((v for v in where.arguments.values() if is_array(v)), None)
    if call is not None:
        called_with = (call.input_shape, call.input_dtype)
    elif rate is not None and first is not None:
        called_with = (tuple(first.shape), str(first.dtype))
    else:
        called_with = (None, "")
    point = session.point(
        place=where.place,
        sampler=sampler,
        shape=shape,
        dtype=dtype,
        impl=impl,
        mode=mode,
        module="" if module is None else type(module).__name__,
        declared_rate=rate,
        input_shape=called_with[0],
        input_dtype=called_with[1],
        shared_axes=() if module is None else shared_axes(module),
        partitionable=bool(CONFIG.jax_threefry_partitionable),
    )
    site = session.points[point]
    model = where.place.path[:1]
    if where.place.api == "linen" and not session.equal_roots.get(*model):
        session.equal_roots[model[0]] = equal_roots(module)
    session.drawn += site.phase != "init"  # making parameters is no sign of an active dropout
    if rate is not None and where.place.phase == "run" and site.id not in session.layers:
        session.layers[site.id] = keep(where.place.api, module, where.arguments)
    return point


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
