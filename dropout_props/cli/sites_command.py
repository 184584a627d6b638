"""`dropout-props sites`: trace a program, without running it, and list its dropout."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

from dropout_props.cli.errors import CannotRun, require_working_pair
from dropout_props.cli.targets import called, target
from dropout_props.results.exit_codes import ExitCode

__all__ = ["command"]

T = TypeVar("T")


@click.command("sites")
@click.argument("program")
def command(program: str) -> int:
    """Trace PROGRAM (package.module:function) and print path, line, rate, mode and shared axes.

    Nothing is computed: the function must not read the value of an array, as float(loss) does.

    Exit codes: 0 printed, 2 interrupted, 3 the program raised, 4 usage, 5 no dropout was found.
    """
    function = target(program)
    require_working_pair()
    from dropout_props.auditing.sites_map import traced

    try:
        lines = traced(lambda: called(function, _NoRecord()))
    except RuntimeError as error:
        raise CannotRun(str(error)) from error
    if not lines:
        click.echo("dropout-props: no dropout was found in this program.", err=True)
        return ExitCode.NOTHING_SELECTED
    click.echo("\n".join(lines))
    return ExitCode.PASS


class _NoRecord:
    """Replaces the record while a program is traced; its steps do nothing."""

    def step(self) -> None:
        """Do nothing."""

    def evaluate(self, function: Callable[[], T]) -> T:
        """Evaluate once."""
        return function()
