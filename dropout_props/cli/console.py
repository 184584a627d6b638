"""The console of every command: as wide as the terminal, or `LOG_WIDTH` columns without one."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["LOG_WIDTH", "console"]

LOG_WIDTH = 120
"""Columns without a terminal, as in the log of a build."""


def console() -> Console:
    """Return a console on standard output: `COLUMNS` wide, else as the terminal, else LOG_WIDTH."""
    from rich.console import Console

    class Printed(Console):
        def on_broken_pipe(self) -> None:
            """Raise, since rich would exit with 1, which means a failed property here."""
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    return Printed(width=None if _is_known() else LOG_WIDTH)


def _is_known() -> bool:
    """Return whether `COLUMNS`, or a terminal behind any stream, gives a width.

    The output of a pipe is most often read in the terminal of the other streams.
    """
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    return "COLUMNS" in os.environ or any(one is not None and _is_terminal(one) for one in streams)


def _is_terminal(stream: object) -> bool:
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except ValueError:  # closed
        return False
