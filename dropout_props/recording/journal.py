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

from dropout_props.recording.slots import Meta


@dataclass(frozen=True, slots=True)
class Event:
    """One execution of a probe.

    Attributes:
        meta: what was static about it.
        step: how many steps had been marked.
        arrays: the key words, then one array a slot, each with a leading axis for each vmap along
            which it is mapped.
    """

    meta: Meta
    step: int
    arrays: tuple[np.ndarray[Any, Any], ...]


@dataclass(slots=True)
class Journal:
    """The events of one record, in the order of their arrival."""

    events: list[Event] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    step: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def append(self, meta: Meta, arrays: tuple[Any, ...]) -> None:
        """Keep one event."""
        copied = tuple(np.array(array) for array in arrays)
        with self._lock:
            self.events.append(Event(meta, self.step, copied))

    def error(self, text: str) -> None:
        """Keep one error."""
        with self._lock:
            self.errors.append(text)


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


def deliver(meta: Meta, *arrays: Any) -> None:
    """Report one execution of a probe; never raises."""
    journal = _open.get(meta.session)
    if journal is None:
        return
    try:
        journal.append(meta, arrays)
    except Exception as error:  # noqa: BLE001 - a callback that raises would stop the user's program
        journal.error(f"a report of a draw was lost: {type(error).__name__}: {error}")
