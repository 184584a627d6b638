"""How a layer takes its rate, its mode, its stream and its key, inferred from signatures.

Looks at the names of parameters alone, in the constructor and in the call; it runs nothing.
When nothing usual is found it raises ``WiringError`` that says what it looked for; every
field can be set by hand instead. It cannot say whether a parameter means what its name says.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from dropout_props.subjects.errors import Unsupported, WiringError
from dropout_props.subjects.traits import Traits

RATE_NAMES = ("rate", "drop_rate", "dropout_rate", "drop_prob", "dropout")
# Whether True means evaluation, by name.
MODE_NAMES: Mapping[str, bool] = {
    "deterministic": True,
    "training": False,
    "train": False,
    "is_training": False,
}
STREAM_NAMES = ("rng_collection",)
BROADCAST_NAMES = ("broadcast_dims",)
SHARING_NAMES = ("broadcast_dropout",)
KEY_NAMES = ("rng", "rngs", "key")


@dataclass(frozen=True)
class Wiring:
    """The names under which a layer takes what it needs; None where it takes it not at all.

    Attributes:
        rate_parameter: constructor parameter for the rate.
        mode_parameter: parameter for the mode, one of ``MODE_NAMES``.
        mode_place: whether ``mode_parameter`` is the constructor's or the call's, or the mode
            is set by the methods ``train()`` and ``eval()``.
        stream_parameter: constructor parameter for the name of the stream.
        broadcast_parameter: constructor parameter for the broadcast dims.
        key_parameter: call parameter for an explicit key.
        sharing_parameter: constructor parameter for one mask a batch, of attention.
    """

    rate_parameter: str | None
    mode_parameter: str | None
    mode_place: Literal["constructor", "call", "method"]
    stream_parameter: str | None = None
    broadcast_parameter: str | None = None
    key_parameter: str | None = None
    sharing_parameter: str | None = None

    def mode_argument(self, place: str, *, training: bool) -> dict[str, bool]:
        """Returns the keyword argument that sets the mode at ``place``, or none."""
        if self.mode_place != place or self.mode_parameter is None:
            return {}
        return {self.mode_parameter: training != MODE_NAMES[self.mode_parameter]}

    def sharing_arguments(self, *, shared: bool) -> dict[str, Any]:
        """Returns the keyword argument by which a batch and its heads share one mask, or not.

        Raises:
            Unsupported: it has neither a parameter for that nor broadcast dims.
        """
        if self.sharing_parameter is not None:
            return {self.sharing_parameter: shared}
        if self.broadcast_parameter is not None:
            return {self.broadcast_parameter: (0, 1) if shared else ()}
        raise Unsupported("its sharing over batch and heads cannot be set")

    def mode_as(self, *, evaluating: bool | None) -> dict[str, bool]:
        """Returns the keyword argument that sets a mode, whatever its place; None sets none."""
        if evaluating is None or self.mode_parameter is None:
            return {}
        return {self.mode_parameter: evaluating == MODE_NAMES[self.mode_parameter]}

    def constructor_arguments(
        self,
        *,
        rate: float,
        fixed_rate: float | None,
        training: bool,
        broadcast_dims: Sequence[int],
        stream: str | None,
    ) -> dict[str, Any]:
        """Returns the keyword arguments that build a layer.

        Args:
            rate: the rate that is asked for.
            fixed_rate: the rate of a layer that takes none.
            training: the mode that is asked for.
            broadcast_dims: axes along which one mask is shared.
            stream: the stream to draw from, when another than the layer's own is named.

        Raises:
            Unsupported: the layer has another rate, or no broadcast dims.
        """
        arguments: dict[str, Any] = {**self.mode_argument("constructor", training=training)}
        if self.rate_parameter is not None:
            arguments[self.rate_parameter] = rate
        elif rate != fixed_rate:
            raise Unsupported(f"its rate is fixed at {fixed_rate}, not {rate}")
        if broadcast_dims:
            if self.broadcast_parameter is None:
                raise Unsupported("it has no broadcast dims")
            arguments[self.broadcast_parameter] = tuple(broadcast_dims)
        if stream is not None and self.stream_parameter is not None:
            arguments[self.stream_parameter] = stream
        return arguments


WIRING_FIELDS = tuple(field.name for field in fields(Wiring))
TRAIT_FIELDS = tuple(field.name for field in fields(Traits))


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Returns the parameters of a callable by name, without ``self``; {} if unknown."""
    if isinstance(function, functools.partial):
        inner = parameters(function.func)
        bound = {*list(inner)[: len(function.args)], *function.keywords}
        return {name: parameter for name, parameter in inner.items() if name not in bound}
    # The metaclass of nnx.Module hides the signature of a class behind (*args, **kwargs).
    target: Any = function
    if isinstance(function, type):
        target = target.__init__
    try:
        found = dict(inspect.signature(target).parameters)
    except (TypeError, ValueError):
        return {}
    found.pop("self", None)
    return found


def infer(
    *,
    name: str,
    constructor: Mapping[str, Any],
    call: Mapping[str, Any],
    fixed_rate: float | None,
    has_mode_methods: bool,
    given: Mapping[str, Any],
) -> Wiring:
    """Infers the wiring of a layer.

    Args:
        name: name of the layer, for messages.
        constructor: parameters of the constructor by name.
        call: parameters of the call by name.
        fixed_rate: the rate, when the layer takes none.
        has_mode_methods: it can be put into a mode by ``train()`` and ``eval()``.
        given: fields of ``Wiring`` set by hand; they are taken as they are.

    Returns:
        The wiring.

    Raises:
        WiringError: no usual name was found for the rate or for the mode.
    """
    found: dict[str, Any] = {
        "rate_parameter": _first(RATE_NAMES, constructor),
        "stream_parameter": _first(STREAM_NAMES, constructor),
        "broadcast_parameter": _first(BROADCAST_NAMES, constructor),
        "key_parameter": _first(KEY_NAMES, call),
        "sharing_parameter": _first(SHARING_NAMES, constructor),
    }
    if fixed_rate is not None:
        found["rate_parameter"] = None
    elif "rate_parameter" not in given and found["rate_parameter"] is None:
        raise WiringError(
            f"{name} takes no rate: its constructor has {_words(constructor)}, none of "
            f"{', '.join(RATE_NAMES)}. Name the parameter (rate_parameter='...'), or say that "
            f"the rate is fixed (rate=0.5)."
        )
    in_call, in_constructor = _first(MODE_NAMES, call), _first(MODE_NAMES, constructor)
    if in_call is not None:
        found.update(mode_parameter=in_call, mode_place="call")
    elif in_constructor is not None:
        found.update(mode_parameter=in_constructor, mode_place="constructor")
    elif has_mode_methods:
        found.update(mode_parameter=None, mode_place="method")
    elif not {"mode_parameter", "mode_place"} <= set(given):
        raise WiringError(
            f"{name} takes no mode: its call has {_words(call)} and its constructor "
            f"{_words(constructor)}, none of {', '.join(MODE_NAMES)}. Wrap it in a callable "
            f"that takes one of these names, such as lambda rate, deterministic: ..."
        )
    wiring = Wiring(**{**found, **given})
    if wiring.mode_parameter is not None and wiring.mode_parameter not in MODE_NAMES:
        raise WiringError(
            f"mode_parameter={wiring.mode_parameter!r} of {name} is none of "
            f"{', '.join(MODE_NAMES)}, so it is not known which value means training. Wrap the "
            f"layer in a callable that takes one of these names."
        )
    return wiring


def split_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Splits options into fields of ``Wiring`` and fields of ``Traits``.

    Raises:
        WiringError: an option is neither; its text names the closest.
    """
    wiring = {name: value for name, value in options.items() if name in WIRING_FIELDS}
    traits = {name: value for name, value in options.items() if name not in WIRING_FIELDS}
    refuse_unknown(traits, (*TRAIT_FIELDS, *WIRING_FIELDS))
    return wiring, traits


def refuse_unknown(options: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuses an option that does not exist.

    Raises:
        WiringError: naming the option and the closest ones.
    """
    for name in options:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=2)
            hint = f"Did you mean {' or '.join(close)}?" if close else f"It is {', '.join(known)}."
            raise WiringError(f"{name}={options[name]!r}: no such option. {hint}")


def _first(names: Any, present: Mapping[str, Any]) -> str | None:
    return next((name for name in names if name in present), None)


def _words(present: Mapping[str, Any]) -> str:
    return ", ".join(present) or "no parameters"
