"""The user's program: `package.module:function`, found by its name and called."""

from __future__ import annotations

import inspect
import os
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any

from dropout_props.environment.collector import as_of_somebody_else

__all__ = ["NoProgram", "ProgramRaised", "call", "find", "split_name"]

LAST_FRAMES = 3


class NoProgram(ValueError):
    """There is no such program; the text names it, the rule and the remedy."""


class ProgramRaised(RuntimeError):
    """The program did not run to its end; the text says why, with the last frames if it raised."""


def split_name(name: str) -> tuple[str, str]:
    """Split `package.module:function` into module and function.

    Raises:
        NoProgram: it is written otherwise.
    """
    module, colon, attribute = name.partition(":")
    if not module or not colon or not attribute:
        raise NoProgram(f"{name!r}: write package.module:function.")
    return module, attribute


def find(name: str) -> Callable[..., Any]:
    """Import a function, from the working directory too.

    The working directory is searched first, unless it is on the path already.

    Raises:
        NoProgram: no function has that name, its module cannot be imported, or it needs arguments.
    """
    module, attribute = split_name(name)
    if not {"", os.getcwd()} & set(sys.path):  # noqa: PTH109 - sys.path holds texts
        sys.path.insert(0, "")
    try:
        function = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise NoProgram(
            f"{name!r} was not found: {error}. Check the name, and run the command where the "
            "module can be imported."
        ) from error
    except SystemExit as error:
        raise NoProgram(
            f"{name!r} was not found: importing {module} called sys.exit({error.code!r}). Guard"
            ' what runs as a script: if __name__ == "__main__".'
        ) from error
    except Exception as error:
        raise NoProgram(
            f"{name!r} was not found: importing {module} raised:\n{_told(error)}"
        ) from error
    if not callable(function):
        raise NoProgram(
            f"{name!r} is of type {type(function).__name__}, not a function: name a "
            "function without arguments."
        )
    found: Callable[..., Any] = function
    _needed(found, name)
    return found


def _needed(function: Callable[..., Any], name: str) -> None:
    """Refuse a function that needs arguments other than `record`.

    Raises:
        NoProgram: naming them.
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
        raise NoProgram(
            f"{name!r} needs {', '.join(needed)}: name a function without arguments, or with"
            " `record` alone, on which it may call record.step()."
        )


def call(function: Callable[..., Any], record: Any) -> Any:
    """Call a program, with the record if it takes one.

    A program may end by `sys.exit()`, as scripts do.

    Raises:
        ProgramRaised: it raised, it ended with an error code, or its body has not run at all.
    """
    try:
        takes = "record" in inspect.signature(function).parameters
    except (TypeError, ValueError):
        takes = False
    try:
        with as_of_somebody_else():
            result = function(record=record) if takes else function()
    except SystemExit as error:
        if error.code not in (None, 0):
            text = f"the program called sys.exit({error.code!r}), and there is no result."
            raise ProgramRaised(text) from error
        return None
    except Exception as error:
        raise ProgramRaised(
            f"the program raised, and there is no result:\n{_told(error)}"
        ) from error
    for kind, is_one in _UNRUN.items():
        if is_one(result):
            if kind == "coroutine":
                result.close()  # Python warns of one that nobody awaits
            raise ProgramRaised(
                f"the program returned a {kind}, so that nothing of it has run: name a function"
                " that runs it to its end."
            )
    return result


_UNRUN: dict[str, Callable[[Any], bool]] = {
    "generator": inspect.isgenerator,
    "coroutine": inspect.iscoroutine,
    "asynchronous generator": inspect.isasyncgen,
}


def _told(error: Exception) -> str:
    """Write an exception with its last frames."""
    frames = "".join(traceback.format_tb(error.__traceback__)[-LAST_FRAMES:])
    return frames + "".join(traceback.format_exception_only(error))
