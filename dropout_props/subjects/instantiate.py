"""Builds one example of a layer: only a built module shows the signature of its call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from dropout_props.subjects.errors import WiringError
from dropout_props.subjects.wiring import MODE_NAMES, RATE_NAMES

_EXAMPLE_RATE = 0.5


def build_example(
    factory: Callable[..., Any],
    constructor: Mapping[str, inspect.Parameter],
    *,
    name: str,
    rate_parameter: str | None,
    filled: Mapping[str, Any] | None = None,
) -> Any:
    """Build a layer in evaluation mode, with the arguments that its constructor requires.

    Args:
        factory: returns the layer.
        constructor: parameters of the factory by name.
        name: name of the layer, for messages.
        rate_parameter: name of the rate parameter, if the user set it.
        filled: further arguments by name.

    Returns:
        The layer.

    Raises:
        WiringError: the constructor requires more than a rate, a mode and `filled`, or raises.
    """
    arguments = dict(filled or {})
    for parameter in _required(constructor, filled=set(arguments)):
        if parameter in RATE_NAMES or parameter == rate_parameter:
            arguments[parameter] = _EXAMPLE_RATE
        elif parameter in MODE_NAMES:
            arguments[parameter] = MODE_NAMES[parameter]
    missing = _required(constructor, filled=set(arguments))
    has_rate = any(one in RATE_NAMES or one == rate_parameter for one in constructor)
    if missing:
        raise WiringError(_requires(name, missing, filled or {}, has_rate=has_rate))
    try:
        return factory(**arguments)
    except WiringError:
        raise
    except Exception as error:
        given = [one if one in (filled or ()) else f"{one}={v!r}" for one, v in arguments.items()]
        text = " ".join(str(error).split()).rstrip(".") or "no message"
        raise WiringError(
            f"{name} cannot be built: {_called(name)}({', '.join(given)}) raised "
            f"{type(error).__name__}: "
            f"{text}. If it needs other arguments, pass a callable that sets them."
        ) from error


def _requires(name: str, missing: list[str], filled: Mapping[str, Any], *, has_rate: bool) -> str:
    """Return the message about required parameters that nobody fills."""
    text = f"{name} cannot be built: its constructor also requires {', '.join(missing)}."
    known = ["rate", *filled]
    passed = [*(["rate=rate"] if has_rate else []), f"{missing[0]}=..."]
    passed += [f"{word}={word}" for word in filled]
    if not has_rate:
        text += (
            f" None of {', '.join(RATE_NAMES)} is among its parameters: if "
            f"{missing[0]} is the rate, say rate_parameter={missing[0]!r}. Otherwise pass"
        )
    else:
        text += " Pass"
    return (
        f"{text} a callable that sets them, such as lambda {', '.join(known)}: "
        f"{_called(name)}({', '.join(passed)})."
    )


def _called(name: str) -> str:
    """Return how source text calls the layer of that name, which may be `module:attr`."""
    return name.rpartition(":")[2]


def _required(constructor: Mapping[str, inspect.Parameter], *, filled: set[str]) -> list[str]:
    """Return the parameters without a default that `filled` does not set."""
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        name
        for name, parameter in constructor.items()
        if parameter.default is inspect.Parameter.empty
        and parameter.kind not in variadic
        and name not in filled
    ]
