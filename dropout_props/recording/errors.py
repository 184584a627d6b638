"""The one error that the recorder raises."""

from __future__ import annotations


class RecordingError(RuntimeError):
    """The recorder was used in a way that it cannot serve; the message says what to do."""
