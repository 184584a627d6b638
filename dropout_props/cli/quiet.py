"""What a layer prints while it runs: counted, and kept off the first screen.

Guarantee: standard output holds the report alone. With -v what the layers print goes to standard
error; what they print in a worker process is counted, and shown, when the worker has a result.
Cannot see: what is written to the file descriptor itself, or by a worker that crashed.
"""

from __future__ import annotations

import io
import sys
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropout_props.subjects.subject import Subject

__all__ = ["Printed", "printed_by_layers"]


class Printed(io.TextIOBase):
    """Counts the lines that each subject prints, and drops or passes them on.

    Attributes:
        subject: name of the subject that runs now.
        shown: whether the text goes to standard error.
    """

    def __init__(self, *, shown: bool) -> None:
        self.subject = ""
        self.shown = shown
        self._lines: dict[str, int] = {}

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Count the lines of a text."""
        self._lines[self.subject] = self._lines.get(self.subject, 0) + text.count("\n")
        if self.shown:
            sys.stderr.write(text)
        return len(text)

    def take(self, subject: Subject, text: str) -> None:
        """Count the lines of a text that a subject printed in a worker process."""
        running, self.subject = self.subject, subject.name
        self.write(text)
        self.subject = running

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence about each subject that prints; none where the text was shown."""
        return tuple(
            f"{subject}: it prints while it runs: {number} lines, which -v shows"
            for subject, number in self._lines.items()
            if number and subject and not self.shown
        )


@contextmanager
def printed_by_layers(*, shown: bool) -> Iterator[Printed]:
    """Count what is printed in the block, in place of printing it.

    Args:
        shown: print it on standard error.
    """
    printed = Printed(shown=shown)
    with redirect_stdout(printed):
        yield printed
