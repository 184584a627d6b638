"""From the reports of probes to draws: one for each lane that has a key and was at work.

Under `vmap` a branch that a lane did not choose runs all the same, and so does the body of a while
loop that the lane has left. What such a lane drew goes nowhere, and is no draw. A lane is at work
in a branch if its index chose it, and in the body of a while loop if its own condition holds. It
tests that condition for the last time when its count is the highest of all lanes: those that go on
count together, and the others stand still.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from dropout_props.recording.journal import Event
from dropout_props.recording.packed import pack
from dropout_props.recording.records import Branch, Draw, Iteration, Lane, Position, TracedCall
from dropout_props.recording.session import Session
from dropout_props.recording.slots import LaneAxis, Slot

LOOPS = {"scan": "scan", "while": "while", "test": "while"}
Grid = np.ndarray[Any, Any]


def draws_of(event: Event, session: Session, runs: Counter[tuple[object, ...]]) -> Iterator[Draw]:
    """List the draws of one report.

    Args:
        event: the report.
        session: the record that it belongs to.
        runs: how often each instance has run so far; counted up here.

    Yields:
        The draws, in the order of their lanes.
    """
    meta = event.meta
    where = len(meta.slots) if meta.carries else 0
    words = _spread(event.arrays[where], meta.lanes, where)
    values = [_spread(event.arrays[i + 1], meta.lanes, i + 1) for i in range(len(meta.slots))]
    mask = _unpacked(event)
    active = _active(values, meta.slots, tuple(lane.size for lane in meta.lanes))
    own = [lane.mapped[where] for lane in meta.lanes]
    for lanes in np.ndindex(*(n.size if o else 1 for n, o in zip(meta.lanes, own, strict=True))):
        part = tuple(i if o else slice(None) for i, o in zip(lanes, own, strict=True))
        at_work = np.argwhere(np.atleast_1d(active[part]))
        if not len(at_work):
            continue
        shared = iter(at_work[0])
        full = tuple(i if o else int(next(shared)) for i, o in zip(lanes, own, strict=True))
        draw = _draw(event, session, runs, full, own, words, values)
        yield draw if mask is None else replace(draw, mask=pack(mask[_at(mask, full)]))


def _unpacked(event: Event) -> Grid | None:
    """Unpack the mask that an event carries, with an axis for each lane axis."""
    if not event.meta.carries:
        return None
    mask = event.arrays[0].unpack()
    return None if mask is None else _spread(mask, event.meta.lanes, 0)


def _draw(  # noqa: PLR0917 - private, and called once
    event: Event,
    session: Session,
    runs: Counter[tuple[object, ...]],
    full: tuple[int, ...],
    own: list[bool],
    words: Grid,
    values: list[Grid],
) -> Draw:
    """Make the draw of one lane."""
    meta = event.meta
    at = {slot: value[_at(value, full)] for slot, value in zip(meta.slots, values, strict=True)}
    lanes = tuple(
        Lane(lane.size, i if mine else None, lane.name)
        for lane, i, mine in zip(meta.lanes, full, own, strict=True)
    )
    loops = tuple(
        Iteration(slot.id, LOOPS[slot.kind], int(value), None if slot.size < 0 else slot.size)
        for slot, value in at.items()
        if slot.kind in LOOPS
    )
    branches = tuple(
        Branch(slot.id, slot.branch, slot.size) for slot in meta.slots if slot.kind == "branch"
    )
    positions = tuple(
        Position(slot.name, int(value), slot.size)
        for slot, value in at.items()
        if slot.kind == "axis"
    )
    instance = (meta.point, meta.calls, loops, lanes, branches, positions, meta.replay)
    run = runs[instance]
    runs[instance] += 1
    return Draw(
        site=session.points[meta.point],
        key=tuple(int(word) for word in words[_at(words, full)]),
        probability=_probability(at),
        probability_dtype=next((s.name for s in meta.slots if s.kind == "probability"), ""),
        loops=loops,
        lanes=lanes,
        branches=branches,
        positions=positions,
        calls=tuple(TracedCall(number, session.calls[number]) for number in meta.calls),
        replay=meta.replay,
        point=meta.point,
        run=run,
        step=event.step,
        instance=instance,
    )


def _spread(array: Grid, lanes: tuple[LaneAxis, ...], operand: int) -> Grid:
    """Give an array an axis for each lane axis, of length one where it is not mapped."""
    shape = iter(array.shape)
    led = [next(shape) if lane.mapped[operand] else 1 for lane in lanes]
    return array.reshape((*led, *shape))


def _at(grid: Grid, full: tuple[int, ...]) -> tuple[int, ...]:
    """Index the lanes of a grid, in which those that are not mapped have length one."""
    return tuple(i if grid.shape[axis] > 1 else 0 for axis, i in enumerate(full))


def _active(values: list[Grid], slots: tuple[Slot, ...], sizes: tuple[int, ...]) -> Grid:
    """Say for each lane whether it is at work."""
    active = np.ones(sizes, bool)
    for slot, value in zip(slots, values, strict=True):
        if slot.kind == "branch":
            active = active & (value == slot.branch)
        elif slot.kind == "alive":
            active = active & value
        elif slot.kind == "test" and value.size > 1:
            active = active & (value == value.max())
    return active


def _probability(at: dict[Slot, Any]) -> float | tuple[float, ...] | None:
    """Read the floats that were carried as bits."""
    for slot, value in at.items():
        if slot.kind == "probability":
            bits = np.asarray(value)
            floats = bits.view(_dtype(slot.name)).astype(float)
            return float(floats) if floats.ndim == 0 else tuple(floats.ravel().tolist())
    return None


def _dtype(name: str) -> Any:
    """Find a dtype by name, bfloat16 included."""
    import ml_dtypes

    return np.dtype(getattr(ml_dtypes, name, name))
