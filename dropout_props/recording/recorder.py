"""Open a record: install the hooks, let the block run, take them out, wait for the reports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import jax
import numpy as np

from dropout_props.recording import door, hooks, modules
from dropout_props.recording.delivery import wait_for_reports
from dropout_props.recording.errors import RecordingError
from dropout_props.recording.frameworks import loaded
from dropout_props.recording.internals import CONFIG
from dropout_props.recording.journal import open_journal
from dropout_props.recording.recording import Recording
from dropout_props.recording.session import Session
from dropout_props.recording.tracekey import fresh_key, on_all_threads

_current: list[Session] = []


@contextmanager
def recording() -> Iterator[Recording]:
    """Record every random draw that runs in the block.

    Yields:
        The record. It can be read inside of the block, and is complete after it.

    Raises:
        RecordingError: a record is open already, or this release of JAX cannot be recorded.
    """
    if not _current:
        door.check(unchecked)
    with unchecked() as record:
        yield record


@contextmanager
def unchecked() -> Iterator[Recording]:
    """Record without asking whether this JAX can be recorded.

    Yields:
        The record.

    Raises:
        RecordingError: a record is open already, or this release lacks what the hooks replace.
    """
    if _current:
        raise RecordingError(
            "this process is already recording: hooks are process-wide, so records cannot be"
            " nested. End the other record first, or use one record for both."
        )
    session = Session()
    with ExitStack() as stack:
        _current.append(session)
        stack.callback(_current.clear)
        stack.callback(hooks.install(session).undo)
        record = Recording(_environment(), session)
        stack.callback(record.close)
        stack.callback(open_journal(session.id, session.journal))
        stack.callback(wait_for_reports, session.journal.error)
        stack.enter_context(on_all_threads())
        stack.enter_context(fresh_key())
        stack.enter_context(modules.linen_calls(session))
        yield record


def _environment() -> dict[str, str]:
    """Say what the record was made with."""
    return {
        "jax": jax.__version__,
        "flax": getattr(loaded("flax"), "__version__", ""),
        "numpy": np.__version__,
        "backend": jax.default_backend(),
        "devices": str(jax.device_count()),
        "threefry_partitionable": str(bool(CONFIG.jax_threefry_partitionable)),
        "x64": str(bool(CONFIG.jax_enable_x64)),
    }
