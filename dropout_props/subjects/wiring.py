"""Wiring of a layer: how it takes its rate, mode, stream and key, inferred from signatures.

The inference reads the names of the parameters of the constructor and of the call, and runs
nothing. If it finds no usual name it raises a `WiringError` that lists the names it looked for;
the user can set every field by hand instead. It cannot check that a parameter does what its name
says.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from dropout_props.subjects.errors import Unsupported, WiringError
from dropout_props.subjects.inputs import completed
from dropout_props.subjects.traits import Traits

RATE_NAMES = ("rate", "drop_rate", "dropout_rate", "drop_prob", "dropout")
# By name: does True mean evaluation?
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
    """The names of a layer's parameters; None where the layer has no such parameter.

    Attributes:
        rate_parameter: constructor parameter for the rate.
        mode_parameter: parameter for the mode, one of `MODE_NAMES`.
        mode_place: where the mode is set: `mode_parameter` of the constructor or of the call, or
            the methods `train()` and `eval()`.
        stream_parameter: constructor parameter for the name of the stream.
        broadcast_parameter: constructor parameter for the broadcast dims.
        key_parameter: call parameter for an explicit key.
        sharing_parameter: constructor parameter of attention that shares one mask over the batch.
        call_kwargs: further arguments of every call by name; a function is called with the input.
        mutable: collections that a training call of a Linen layer may create, beside those that it
            has after its initialisation and may update, which are all but its parameters.
        output: path to the output in what a call returns: an index of a tuple, a key of a dict or
            the name of an attribute; () where it returns the output itself.
    """

    rate_parameter: str | None
    mode_parameter: str | None
    mode_place: Literal["constructor", "call", "method"]
    stream_parameter: str | None = None
    broadcast_parameter: str | None = None
    key_parameter: str | None = None
    sharing_parameter: str | None = None
    call_kwargs: Mapping[str, Any] = field(default_factory=dict, hash=False)
    output: tuple[int | str, ...] = ()
    mutable: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Check the collections.

        Raises:
            WiringError: they are no names, or the parameters are among them.
        """
        given: Any = self.mutable
        if given is None:
            return
        if not isinstance(given, tuple) or not all(isinstance(one, str) and one for one in given):
            raise WiringError(
                f"mutable={given!r}: give the names of collections, such as ('batch_stats',)"
            )
        if "params" in given:
            raise WiringError(
                f"mutable={given!r}: no call changes the parameters, which an optimiser updates; "
                "give the other collections alone"
            )

    @property
    def is_wrapped(self) -> bool:
        """Whether a call needs more arguments, or returns more than the output."""
        return bool(self.call_kwargs or self.output)

    def extra_arguments(self, x: Any) -> dict[str, Any]:
        """Return the further arguments of a call on `x`."""
        given = self.call_kwargs.items()
        return {name: value(x) if callable(value) else value for name, value in given}

    def output_of(self, returned: Any) -> Any:
        """Return the output in what a call returned."""
        for part in self.output:
            if isinstance(part, str) and hasattr(returned, part):
                returned = getattr(returned, part)
            else:
                returned = returned[part]
        return returned

    def mode_argument(self, place: str, *, training: bool) -> dict[str, bool]:
        """Return the keyword argument that sets the mode at `place`; {} if there is none."""
        if self.mode_place != place or self.mode_parameter is None:
            return {}
        return {self.mode_parameter: training != MODE_NAMES[self.mode_parameter]}

    def sharing_arguments(self, *, shared: bool) -> dict[str, Any]:
        """Return the keyword argument that decides whether batch and heads share one mask.

        Raises:
            Unsupported: the layer has no parameter for that and no `broadcast_dims`.
        """
        if self.sharing_parameter is not None:
            return {self.sharing_parameter: shared}
        if self.broadcast_parameter is not None:
            return {self.broadcast_parameter: (0, 1) if shared else ()}
        raise Unsupported("whether batch and heads share a mask cannot be set")

    def mode_as(self, *, evaluating: bool | None) -> dict[str, bool]:
        """Return the keyword argument that sets a mode, at any place; {} for None."""
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
        """Return the keyword arguments that build a layer.

        Args:
            rate: the rate of the case.
            fixed_rate: the rate of a layer without a rate parameter.
            training: the mode of the call.
            broadcast_dims: axes along which one mask is shared.
            stream: the stream to draw from; None for the layer's own.

        Raises:
            Unsupported: the layer has another, fixed rate, or takes no `broadcast_dims`.
        """
        arguments: dict[str, Any] = {**self.mode_argument("constructor", training=training)}
        if self.rate_parameter is not None:
            arguments[self.rate_parameter] = rate
        elif rate != fixed_rate:
            raise Unsupported(f"its rate is fixed at {fixed_rate}, not {rate}")
        if broadcast_dims:
            if self.broadcast_parameter is None:
                raise Unsupported("it takes no broadcast_dims")
            arguments[self.broadcast_parameter] = tuple(broadcast_dims)
        if stream is not None and self.stream_parameter is not None:
            arguments[self.stream_parameter] = stream
        return arguments


WIRING_FIELDS = tuple(one.name for one in fields(Wiring))
TRAIT_FIELDS = tuple(one.name for one in fields(Traits))


def parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters of a callable by name, without `self`; {} if unknown."""
    if isinstance(function, functools.partial):
        inner = parameters(function.func)
        bound = {*list(inner)[: len(function.args)], *function.keywords}
        return {name: parameter for name, parameter in inner.items() if name not in bound}
    # The metaclass of nnx.Module gives every class the signature (*args, **kwargs).
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
    """Infer the wiring of a layer.

    Args:
        name: name of the layer, for messages.
        constructor: parameters of the constructor by name.
        call: parameters of the call by name.
        fixed_rate: the rate of a layer without a rate parameter.
        has_mode_methods: the layer has the methods `train()` and `eval()`.
        given: fields of `Wiring` that the user set; they replace the inferred ones.

    Returns:
        The wiring.

    Raises:
        WiringError: no parameter has a usual name for the rate, or for the mode.
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
            f"{name} takes no rate: its constructor has {_listed(constructor)}, none of "
            f"{', '.join(RATE_NAMES)}. Name the parameter (rate_parameter='...'), or set the "
            f"fixed rate (rate=0.5)."
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
            f"{name} takes no mode: its call has {_listed(call)} and its constructor "
            f"{_listed(constructor)}, none of {', '.join(MODE_NAMES)}. Wrap it in a callable "
            f"that takes one of these names, such as lambda rate, deterministic: ..."
        )
    wiring = Wiring(**{**found, **given})
    if wiring.mode_parameter is not None and wiring.mode_parameter not in MODE_NAMES:
        raise WiringError(
            f"mode_parameter={wiring.mode_parameter!r} of {name} is not one of "
            f"{', '.join(MODE_NAMES)}, so it is unknown which value means training. Wrap the "
            f"layer in a callable that takes one of these names."
        )
    _require_filled(name, call, wiring)
    return wiring


def _require_filled(name: str, call: Mapping[str, Any], wiring: Wiring) -> None:
    """Raise if a call has a required argument that nobody fills.

    Raises:
        WiringError: it has; the text names it.
    """
    filled = {*wiring.call_kwargs, wiring.mode_parameter, wiring.key_parameter}
    plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    missing = [
        one
        for one, parameter in list(call.items())[1:]  # the first is the input
        if parameter.kind in plain and parameter.default is parameter.empty and one not in filled
    ]
    if missing:
        raise WiringError(
            f"{name} cannot be called: its call also requires {', '.join(missing)}. Give "
            f"call_kwargs={{{missing[0]!r}: ...}}: a value, or a function of the input."
        )


def split_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split options into fields of `Wiring` and fields of `Traits`.

    Raises:
        WiringError: an option is neither; the text suggests the closest names.
    """
    wiring = {name: value for name, value in options.items() if name in WIRING_FIELDS}
    traits = {name: value for name, value in options.items() if name not in WIRING_FIELDS}
    refuse_unknown(traits, (*TRAIT_FIELDS, *WIRING_FIELDS))
    if isinstance(wiring.get("output"), int | str):
        wiring["output"] = (wiring["output"],)
    if isinstance(wiring.get("mutable"), str):
        wiring["mutable"] = (wiring["mutable"],)
    return wiring, completed(traits)


def refuse_unknown(options: Mapping[str, Any], known: Sequence[str]) -> None:
    """Raise if an option does not exist.

    Raises:
        WiringError: an option does not exist; the text suggests the closest names.
    """
    for name in options:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=2)
            hint = f"Did you mean {' or '.join(close)}?" if close else f"Give {', '.join(known)}."
            raise WiringError(f"{name}={options[name]!r}: no such option. {hint}")


def _first(names: Any, present: Mapping[str, Any]) -> str | None:
    return next((name for name in names if name in present), None)


def _listed(present: Mapping[str, Any]) -> str:
    return ", ".join(present) or "no parameters"
