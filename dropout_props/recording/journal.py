"""Where probes report to: a list for each record, behind a lock.

Reports come from threads of XLA, in any order. They carry NumPy arrays, which are copied, and never
raise: an error is kept and belongs to the record. A report to a record that is over is dropped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dropout_props.recording.packed import PackedMask, pack
from dropout_props.recording.slots import Meta

LARGEST_MASKS = 2**28
"""How many bytes of masks one record keeps; those that come later are dropped, with a note."""


@dataclass(frozen=True, slots=True)
class Event:
    """One execution of a probe.

    Attributes:
        meta: what was static about it.
        step: how many steps had been marked.
        arrays: the key words, or the mask where that is carried; then one array a slot. Each has a
            leading axis for each vmap along which it is mapped.
    """

    meta: Meta
    step: int
    arrays: tuple[Any, ...]


@dataclass(slots=True)
class Journal:
    """The events of one record, in the order of their arrival.

    Attributes:
        events: what probes reported.
        errors: sentences about reports that were lost.
        unseen: by the number of a place in the traced program, why its draws are not reported.
        carried: how many bytes of masks were kept.
        step: how many steps had been marked.
        lowered: how many probes have been compiled.
    """

    events: list[Event] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    unseen: dict[int, str] = field(default_factory=dict)
    carried: int = 0
    step: int = 0
    lowered: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def append(self, meta: Meta, arrays: tuple[Any, ...]) -> None:
        """Keep one event.

        Args:
            meta: the description of the probe.
            arrays: its operands.
        """
        first, *others = arrays
        kept = self._mask(np.asarray(first)) if meta.carries else np.array(first)
        copied = (kept, *(np.array(array) for array in others))
        with self._lock:
            self.events.append(Event(meta, self.step, copied))

    def take(self) -> list[Event]:
        """Hand over the events that have come since the last time.

        Returns:
            The events, in the order of their arrival.
        """
        with self._lock:
            taken, self.events = self.events, []
        return taken

    def error(self, text: str) -> None:
        """Keep one error, once.

        Args:
            text: a sentence.
        """
        with self._lock:
            if text not in self.errors:
                self.errors.append(text)

    def _mask(self, mask: np.ndarray[Any, Any]) -> PackedMask:
        """Keep a mask, eight units a byte, unless that is too much."""
        with self._lock:
            size = -(-mask.size // 8)
            if self.carried + size > LARGEST_MASKS:
                return PackedMask(mask.shape, None)
            self.carried += size
        return pack(mask)


_open: dict[int, Journal] = {}


def open_journal(session: int, journal: Journal) -> Callable[[], None]:
    """Let the probes of a session report.

    Returns:
        A function that ends it.
    """
    _open[session] = journal

    def end() -> None:
        _open.pop(session, None)

    return end


def cannot_call_back(meta: Meta, reason: str) -> None:
    """Note that a probe could not be compiled; its draws will not be reported.

    Args:
        meta: the description of the probe.
        reason: why.
    """
    journal = _open.get(meta.session)
    if journal is not None:
        journal.unseen.setdefault(meta.point, reason)


def lowered(meta: Meta) -> None:
    """Count a probe that was compiled.

    Args:
        meta: the description of the probe.
    """
    journal = _open.get(meta.session)
    if journal is not None:
        journal.lowered += 1


def deliver(meta: Meta, *arrays: Any) -> None:
    """Report one execution of a probe; never raises."""
    journal = _open.get(meta.session)
    if journal is None:
        return
    try:
        journal.append(meta, arrays)
    except Exception as error:  # noqa: BLE001 - a callback that raises would stop the user's program
        journal.error(f"a report of a draw was lost: {type(error).__name__}: {error}")
