"""The adapter that runs a plain function `f(key, x, rate, deterministic)`.

The key is that of the stream `dropout`, or None if no key is given. A function has no state, so
it repeats its mask for the same key. `call_repeatedly` therefore works only *without* a key: it
shows whether the function has a key of its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import jax

from dropout_props.subjects.errors import Unsupported, WiringError
from dropout_props.subjects.inputs import completed
from dropout_props.subjects.naming import name_of, source_of
from dropout_props.subjects.operations import Operation
from dropout_props.subjects.parts import Parts
from dropout_props.subjects.protocol import Array, Key, Streams
from dropout_props.subjects.traits import Traits
from dropout_props.subjects.wiring import TRAIT_FIELDS, refuse_unknown

_STREAM = "dropout"


@dataclass(frozen=True, eq=False)
class FunctionAdapter:
    """Runs a function.

    Attributes:
        function: called as `f(key, x, rate, deterministic)`.
        traits: what the function is built to do.
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
        """See `Adapter.call`."""
        if broadcast_dims:
            self._refuse("broadcast_dims")
        if not training and not self.traits.eval_mode:
            self._refuse("eval_mode")
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
        """See `Adapter.call_repeatedly`; only without a key."""
        if streams:
            self._refuse("repeat")
        arguments: dict[str, Any] = {"rate": rate, "broadcast_dims": broadcast_dims}
        return tuple(
            self.call(x, training=True, streams=streams, **arguments) for _ in range(times)
        )

    def call_in_modes(
        self,
        x: Array,  # noqa: ARG002 - the arguments of the protocol
        *,
        modes: Sequence[bool],  # noqa: ARG002
        rate: float,  # noqa: ARG002
        streams: Streams,  # noqa: ARG002
    ) -> tuple[Array, ...]:
        """Raise `Unsupported`: a function has no state between its calls."""
        self._refuse("repeat")

    def call_layers(
        self,
        x: Array,  # noqa: ARG002 - the arguments of the protocol
        *,
        names: Sequence[str],  # noqa: ARG002
        rate: float,  # noqa: ARG002
        times: int = 1,  # noqa: ARG002
        streams: Streams,  # noqa: ARG002
    ) -> tuple[Array, ...]:
        """Raise `Unsupported`: a model cannot hold a function as a layer."""
        self._refuse("layers")

    def call_explicit(
        self,
        x: Array,
        *,
        key: Key,
        rate: float,
        streams: Streams,
        broadcast_dims: Sequence[int] = (),
    ) -> Array:
        """See `Adapter.call_explicit`."""
        streams = {_STREAM: key}
        return self.call(
            x, rate=rate, training=True, streams=streams, broadcast_dims=broadcast_dims
        )

    def perform(
        self,
        x: Array,  # noqa: ARG002 - the arguments of the protocol
        *,
        operation: Operation,  # noqa: ARG002
        rate: float,  # noqa: ARG002
        streams: Streams,  # noqa: ARG002
    ) -> tuple[Array, ...]:
        """Raise `Unsupported`: a function belongs to no framework."""
        self._refuse("lifted")

    def trace(self, x: Array, *, rate: float, streams: Streams) -> Array:
        """See `Adapter.trace`."""
        return jax.eval_shape(lambda x: self.call(x, rate=rate, training=True, streams=streams), x)

    def collections(self, x: Array, *, rate: float) -> frozenset[str]:  # noqa: ARG002
        """Return no name: a function holds no variables."""
        return frozenset()

    def fresh(self) -> FunctionAdapter:
        """Return this adapter: it caches nothing."""
        return self

    def with_stream(self, name: str) -> FunctionAdapter:  # noqa: ARG002 - as the protocol
        """Raise `Unsupported`: a function has no streams."""
        self._refuse("named_stream")

    def _refuse(self, ability: Any) -> NoReturn:
        raise Unsupported(self.traits.lacks(ability) or f"a function has no {ability}")


def function_parts(
    function: Callable[..., Any], *, name: str = "", source: str = "", **traits: Any
) -> Parts:
    """Make the parts of a subject from a function; see `Subject.function`.

    Raises:
        WiringError: the function does not take four positional arguments.
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
    defaults: dict[str, Any] = {
        "streams": False,
        "explicit_key": True,
        "layers": False,
        "repeat": False,
        "lifted": False,
        "missing_key_errors": ("TypeError", "ValueError"),
    }
    all_traits = Traits(**{"api": "function", **defaults, **completed(traits)})
    return Parts(
        name=name,
        traits=all_traits,
        adapter=FunctionAdapter(function=function, traits=all_traits),
        source=source or source_of(function),
    )
