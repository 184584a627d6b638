"""Errors of the command line that are not errors of usage, with their exit codes."""

from __future__ import annotations

from functools import cache

import click

from dropout_props.environment.collector import keep_loaded
from dropout_props.results.exit_codes import ExitCode

__all__ = ["CannotRun", "require_working_pair"]


class CannotRun(click.ClickException):
    """The command cannot run here, for instance because Flax and JAX do not work together."""

    exit_code = ExitCode.INCOMPLETE


def require_working_pair() -> None:
    """Run the installed Flax and JAX once in this process, before anything is judged.

    Raises:
        CannotRun: they do not work together.
    """
    from dropout_props.environment.errors import BrokenPair

    try:
        _run_pair()
    except BrokenPair as error:
        raise CannotRun(str(error)) from error
    keep_loaded()


@cache
def _run_pair() -> None:
    from dropout_props.environment.installed import smoke_test

    smoke_test()
