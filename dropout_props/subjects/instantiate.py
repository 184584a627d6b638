"""One example of a layer, since only a built module shows the signature of its call."""

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
    """Builds a layer in evaluation mode, with what its constructor must be given.

    Args:
        factory: returns the layer.
        constructor: its parameters by name.
        name: name of the layer, for messages.
        rate_parameter: name of the rate, when it was given by hand.
        filled: arguments that are known already.

    Returns:
        What the factory returns.

    Raises:
        WiringError: the constructor needs more than a rate, a mode and ``filled``.
    """
    arguments = dict(filled or {})
    for parameter in _needs(constructor, filled=set(arguments)):
        if parameter in RATE_NAMES or parameter == rate_parameter:
            arguments[parameter] = _EXAMPLE_RATE
        elif parameter in MODE_NAMES:
            arguments[parameter] = MODE_NAMES[parameter]
    still_open = _needs(constructor, filled=set(arguments))
    if still_open:
        known = ["rate", *(filled or {})]
        passed = [f"rate=rate, {still_open[0]}=...", *(f"{word}={word}" for word in filled or {})]
        raise WiringError(
            f"{name} cannot be built: its constructor also needs {', '.join(still_open)}. Hand "
            f"over a callable that fills them in, such as lambda {', '.join(known)}: "
            f"{name}({', '.join(passed)})."
        )
    return factory(**arguments)


def _needs(constructor: Mapping[str, inspect.Parameter], *, filled: set[str]) -> list[str]:
    """Returns the parameters without default that ``filled`` leaves open."""
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        name
        for name, parameter in constructor.items()
        if parameter.default is inspect.Parameter.empty
        and parameter.kind not in variadic
        and name not in filled
    ]
