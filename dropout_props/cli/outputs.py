"""Prints and writes the parts of a command's output, so that one that fails does not stop others.

On a full disk the report is still printed, the other files are written, and the command exits
with 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dropout_props.cli.errors import CannotRun
from dropout_props.results.writing import STANDARD_OUTPUT, CannotWrite, save, sentence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

__all__ = ["NotWritten", "Outputs"]


class NotWritten(CannotRun):
    """Parts of the output could not be written; the text has one sentence for each."""


class Outputs:
    """A context manager that prints and writes parts, and collects their errors.

    Raises:
        NotWritten: the block ended without another exception, and a part was not written.
    """

    def __init__(self) -> None:
        self._troubles: list[str] = []

    def __enter__(self) -> Outputs:  # noqa: PYI034 (Self is not in Python 3.10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        troubles = "\n".join(dict.fromkeys(self._troubles))
        if troubles and kind is not None:
            click.echo(troubles, err=True)
        elif troubles:
            raise NotWritten(troubles)

    def show(self, write: Callable[[], object]) -> None:
        """Call `write`, which prints a part on standard output."""
        try:
            write()
        except OSError as error:
            self._troubles.append(sentence(STANDARD_OUTPUT, error))

    def say(self, text: str) -> None:
        """Print one line, or a text that ends with a line break."""
        self.show(lambda: click.echo(text, nl=not text.endswith("\n")))

    def save(self, text: str, path: Path | None) -> bool:
        """Write a text to a file if there is one; return whether it was written."""
        if path is None:
            return False
        try:
            save(text, path)
        except CannotWrite as error:
            self._troubles.append(str(error))
            return False
        return True
