"""Find the function that a command is to run: `package.module:function`."""

from __future__ import annotations

import inspect
import sys
import traceback
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from dropout_props.cli.errors import CannotRun

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["called", "target"]

LAST_FRAMES = 3


def target(name: str) -> Callable[..., Any]:
    """Import a function, from the working directory too.

    Raises:
        click.UsageError: there is none of that name.
    """
    module, colon, attribute = name.partition(":")
    if not colon or not attribute:
        raise click.UsageError(f"{name!r}: write package.module:function.")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        function = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise click.UsageError(f"{name!r} was not found: {error}.") from error
    if not callable(function):
        raise click.UsageError(f"{name!r} is no function, but {type(function).__name__}.")
    found: Callable[..., Any] = function
    _needed(found, name)
    return found


def _needed(function: Callable[..., Any], name: str) -> None:
    """Refuse a function that needs arguments other than `record`.

    Raises:
        click.UsageError: naming them.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [
        p.name
        for p in parameters
        if p.default is p.empty and p.kind not in variadic and p.name != "record"
    ]
    if needed:
        raise click.UsageError(
            f"{name!r} needs {', '.join(needed)}: name a function without arguments, or with"
            " `record` alone, on which it may call record.step()."
        )


def called(function: Callable[..., Any], record: Any) -> Any:
    """Call it, with the record if it takes one.

    Raises:
        CannotRun: it raised; the last frames are in the message.
    """
    try:
        takes = "record" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        takes = False
    try:
        return function(record=record) if takes else function()
    except Exception as error:
        frames = "".join(traceback.format_tb(error.__traceback__)[-LAST_FRAMES:])
        what = "".join(traceback.format_exception_only(error))
        raise CannotRun(f"the program raised, and there is no result:\n{frames}{what}") from error
