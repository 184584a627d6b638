"""How a plain function is asked: ``f(key, x, rate, deterministic)``.

The key is the one of the stream ``dropout``, or None when none is given. A function has no
state: it repeats its mask for the same key, so several calls can only be asked for *without*
a key, which shows where a function keeps a key of its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from dropout_props.subjects.errors import Unsupported, WiringError
from dropout_props.subjects.naming import name_of, source_of
from dropout_props.subjects.operations import Program
from dropout_props.subjects.parts import Parts
from dropout_props.subjects.protocol import Array, Key, Streams
from dropout_props.subjects.traits import Traits
from dropout_props.subjects.wiring import TRAIT_FIELDS, refuse_unknown

_STREAM = "dropout"


@dataclass(frozen=True, eq=False)
class FunctionAdapter:
    """Asks a function.

    Attributes:
        function: called as ``f(key, x, rate, deterministic)``.
        traits: what it is built to do.
    """

    function: Callable[[Key | None, Array, float, bool], Array]
    traits: Traits

    def call(
        self,
        x: Array,
        *,
        rate: float,
        training: bool,
        streams: Streams,
        broadcast_dims: Sequence[int] = (),
    ) -> Array:
        """See ``Adapter.call``."""
        if broadcast_dims:
            self._cannot("broadcast_dims")
        if not training and not self.traits.eval_mode:
            self._cannot("eval_mode")
        if self.traits.rate is not None and rate != self.traits.rate:
            raise Unsupported(f"its rate is fixed at {self.traits.rate}, not {rate}")
        return self.function(streams.get(_STREAM), x, rate, not training)

    def call_repeatedly(
        self,
        x: Array,
        *,
        times: int,
        rate: float,
        streams: Streams,
        broadcast_dims: Sequence[int] = (),
    ) -> tuple[Array, ...]:
        """See ``Adapter.call_repeatedly``; only without a key."""
        if streams:
            self._cannot("repeat")
        arguments: dict[str, Any] = {"rate": rate, "broadcast_dims": broadcast_dims}
        return tuple(
            self.call(x, training=True, streams=streams, **arguments) for _ in range(times)
        )

    def call_in_modes(
        self,
        x: Array,  # noqa: ARG002 - the protocol's arguments
        *,
        modes: Sequence[bool],  # noqa: ARG002
        rate: float,  # noqa: ARG002
        streams: Streams,  # noqa: ARG002
    ) -> tuple[Array, ...]:
        """See ``Adapter.call_in_modes``; a function keeps no state between its calls."""
        self._cannot("repeat")

    def call_layers(
        self,
        x: Array,  # noqa: ARG002 - the protocol's arguments
        *,
        names: Sequence[str],  # noqa: ARG002
        rate: float,  # noqa: ARG002
        times: int = 1,  # noqa: ARG002
        streams: Streams,  # noqa: ARG002
    ) -> tuple[Array, ...]:
        """See ``Adapter.call_layers``; a function is no layer."""
        self._cannot("layers")

    def call_explicit(
        self,
        x: Array,
        *,
        key: Key,
        rate: float,
        streams: Streams,
        broadcast_dims: Sequence[int] = (),
    ) -> Array:
        """See ``Adapter.call_explicit``."""
        streams = {_STREAM: key}
        return self.call(
            x, rate=rate, training=True, streams=streams, broadcast_dims=broadcast_dims
        )

    def perform(
        self,
        x: Array,  # noqa: ARG002 - the protocol's arguments
        *,
        program: Program,  # noqa: ARG002
        rate: float,  # noqa: ARG002
        streams: Streams,  # noqa: ARG002
    ) -> tuple[Array, ...]:
        """See ``Adapter.perform``; a function is of no framework."""
        self._cannot("lifted")

    def fresh(self) -> FunctionAdapter:
        """See ``Adapter.anew``; there is nothing to forget."""
        return self

    def named_stream(self, name: str) -> FunctionAdapter:  # noqa: ARG002 - the protocol's argument
        """See ``Adapter.named_stream``; a function has no streams."""
        self._cannot("named_stream")

    def _cannot(self, ability: Any) -> NoReturn:
        raise Unsupported(self.traits.lacks(ability) or f"a function has no {ability}")


def function_parts(
    function: Callable[..., Any], *, name: str = "", source: str = "", **traits: Any
) -> Parts:
    """Makes a subject of a function; see ``Subject.function``.

    Raises:
        WiringError: the function does not take four arguments by position.
    """
    refuse_unknown(traits, TRAIT_FIELDS)
    name = name or name_of(function)
    try:
        inspect.signature(function).bind(None, None, 0.5, False)  # noqa: FBT003
    except TypeError as error:
        raise WiringError(
            f"{name}{inspect.signature(function)} cannot be called as f(key, x, rate, "
            f"deterministic): {error}. Wrap it in a function of these four arguments."
        ) from error
    usual: dict[str, Any] = {
        "streams": False,
        "explicit_key": True,
        "layers": False,
        "repeat": False,
        "lifted": False,
        "missing_key_errors": ("TypeError", "ValueError"),
    }
    all_traits = Traits(**{"api": "function", **usual, **traits})
    return Parts(
        name=name,
        traits=all_traits,
        adapter=FunctionAdapter(function=function, traits=all_traits),
        source=source or source_of(function),
    )
