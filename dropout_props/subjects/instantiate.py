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
        WiringError: the constructor requires more than a rate, a mode and `filled`.
    """
    arguments = dict(filled or {})
    for parameter in _required(constructor, filled=set(arguments)):
        if parameter in RATE_NAMES or parameter == rate_parameter:
            arguments[parameter] = _EXAMPLE_RATE
        elif parameter in MODE_NAMES:
            arguments[parameter] = MODE_NAMES[parameter]
    missing = _required(constructor, filled=set(arguments))
    if missing:
        known = ["rate", *(filled or {})]
        passed = [f"rate=rate, {missing[0]}=...", *(f"{word}={word}" for word in filled or {})]
        raise WiringError(
            f"{name} cannot be built: its constructor also requires {', '.join(missing)}. Pass "
            f"a callable that sets them, such as lambda {', '.join(known)}: "
            f"{name}({', '.join(passed)})."
        )
    return factory(**arguments)


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
