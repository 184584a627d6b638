"""Find and call the function that a command is to run, with the errors of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dropout_props.cli.errors import CannotRun

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["called", "target"]


def target(name: str) -> Callable[..., Any]:
    """Import a function, from the working directory too.

    Raises:
        click.UsageError: no function has that name, or it needs arguments.
    """
    from dropout_props.environment.program import NoProgram, find

    try:
        return find(name)
    except NoProgram as error:
        raise click.UsageError(str(error)) from error


def called(function: Callable[..., Any], record: Any) -> Any:
    """Call the function, with the record if the function takes one.

    Raises:
        CannotRun: it raised; the last frames are in the message.
    """
    from dropout_props.environment.program import ProgramRaised, call

    try:
        return call(function, record)
    except ProgramRaised as error:
        raise CannotRun(str(error)) from error
