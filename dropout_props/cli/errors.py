"""Errors of the command line that are not the user's typing, with their exit codes."""

from __future__ import annotations

import click

from dropout_props.exitcodes import ExitCode

__all__ = ["CannotRun"]


class CannotRun(click.ClickException):
    """What was asked for cannot run here, as when the installed Flax and JAX do not fit."""

    exit_code = ExitCode.INCOMPLETE
