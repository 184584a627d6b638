"""What a command puts out: each part by itself, so that one that fails stops no other.

A full disk then costs the file that was to lie there: the report is printed all the same, the
other files are written, and the command exits with 3.
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
    """Some part of the result could not be written; one sentence a part."""


class Outputs:
    """Prints and writes parts of a result; its end as a context raises what went wrong.

    Raises:
        NotWritten: when the block ends without another exception and a part was not written.
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
        """Print a part: `write` prints it on standard output."""
        try:
            write()
        except OSError as error:
            self._troubles.append(sentence(STANDARD_OUTPUT, error))

    def say(self, text: str) -> None:
        """Print one line, or a text that ends its own lines."""
        self.show(lambda: click.echo(text, nl=not text.endswith("\n")))

    def save(self, text: str, path: Path | None) -> bool:
        """Write a part where it was wanted; return whether it lies there."""
        if path is None:
            return False
        try:
            save(text, path)
        except CannotWrite as error:
            self._troubles.append(str(error))
            return False
        return True
