"""The parameters of a subject's constructor and of its call, with their defaults as text."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

from dropout_props.results.records import Parameter, Signature

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropout_props.subjects.subject import Subject

__all__ = ["signatures"]

_ADDRESS = re.compile(r" at 0x[0-9a-f]+|0x[0-9a-f]+")


def signatures(subject: Subject) -> tuple[Signature, ...]:
    """Return the signatures that a caller of the layer relies on."""
    factory = getattr(subject.adapter, "factory", None)
    function = getattr(subject.adapter, "function", None)
    found = []
    if factory is not None:
        found.append(_constructor(factory))
    if isinstance(factory, type):
        found.append(_signature("call", factory.__call__, skip=1))
    if function is not None:
        found.append(_signature("call", function, skip=0))
    return tuple(one for one in found if one is not None)


def _constructor(factory: Callable[..., Any]) -> Signature | None:
    """Return the signature of a class, or of its `__init__` where a metaclass hides it."""
    shown = _signature("constructor", factory, skip=0)
    kinds = [one.kind for one in shown.parameters] if shown else []
    hidden = bool(kinds) and all(kind.startswith("variadic") for kind in kinds)
    if not isinstance(factory, type) or (shown and not hidden):
        return shown
    return _signature("constructor", factory.__init__, skip=1)  # type: ignore[misc]


def _signature(place: str, function: Callable[..., Any], *, skip: int) -> Signature | None:
    try:
        parameters = list(inspect.signature(function).parameters.values())[skip:]
    except (TypeError, ValueError):  # a builtin without a signature
        return None
    return Signature(place, tuple(map(_parameter, parameters)))


def _parameter(one: inspect.Parameter) -> Parameter:
    if one.default is inspect.Parameter.empty:
        default = None
    else:
        # The text of a function or a sentinel has its address, which differs between processes.
        default = _ADDRESS.sub("", repr(one.default))[:200]
    return Parameter(one.name, one.kind.description, default)
