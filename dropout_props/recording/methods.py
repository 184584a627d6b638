"""Tell which object's method a frame runs, whatever the method calls its first argument."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FrameType, FunctionType
from typing import Any

from dropout_props.recording.frameworks import is_library

USUAL = "self"
"""The usual name of the first argument, which counts where a decorator hides the method."""
DECORATORS = 8
"""How many decorators of one method are looked through."""


def first_argument(frame: FrameType) -> Any:
    """Read the first positional argument of a frame's function; None if it takes none.

    Python keeps what it has read of a frame, tracers too, for as long as the frame runs. So of
    libraries, whose methods say `self`, no function is read.
    """
    code = frame.f_code
    if not code.co_argcount or (code.co_varnames[0] != USUAL and is_library(code.co_filename)):
        return None
    return frame.f_locals.get(code.co_varnames[0])


def is_method(frame: FrameType, value: Any) -> bool:
    """Say whether a frame runs a method of its first argument.

    A function that is given a module, as a loss or a static method is, is no method of it: the
    code of a method is that of an attribute of the class.

    Args:
        frame: a frame whose function takes an argument.
        value: its first argument.
    """
    code, cls = frame.f_code, value.__class__
    return code.co_varnames[0] == USUAL or code in _methods(cls)


@lru_cache(maxsize=1024)
def _methods(cls: type) -> frozenset[CodeType]:
    """List the code of the methods of a class, and of the classes that it extends."""
    values = (value for base in cls.__mro__ for value in vars(base).values())
    bound = (value for value in values if not isinstance(value, staticmethod | classmethod))
    return frozenset(code for value in bound for code in _codes(value, DECORATORS))


def _codes(value: Any, depth: int) -> Iterator[CodeType]:
    """Walk from an attribute of a class to the functions that its decorators were given."""
    if isinstance(value, FunctionType):
        yield value.__code__
    for name in ("__wrapped__", "fget"):
        # An object may make up any attribute, as `nnx.Rngs` does: only what it has is read.
        if depth and inspect.getattr_static(value, name, None) is not None:
            yield from _codes(getattr(value, name), depth - 1)
