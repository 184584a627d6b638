"""The console that every command prints on: as wide as the terminal, or wide enough for a log."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["LOG_WIDTH", "console"]

LOG_WIDTH = 120
"""Columns where there is no terminal, as in the log of a build."""


def console() -> Console:
    """Return a console on standard output: `COLUMNS` wide, else as the terminal, else LOG_WIDTH."""
    from rich.console import Console

    class Printed(Console):
        def on_broken_pipe(self) -> None:
            """Raise it, where rich would end the process with 1, which here is a failure."""
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    return Printed(width=None if _is_known() else LOG_WIDTH)


def _is_known() -> bool:
    """Say whether the reader, or a terminal behind any stream, gives a width.

    A stream that is piped on is most often read in the terminal of the others.
    """
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    return "COLUMNS" in os.environ or any(one is not None and _is_terminal(one) for one in streams)


def _is_terminal(stream: object) -> bool:
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except ValueError:  # closed
        return False
