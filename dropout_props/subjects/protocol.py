"""The few operations that every adapter maps to its framework.

All take an input and are pure: two calls with equal arguments give equal answers, and each
can be traced by ``jax.vmap`` and ``jax.jit`` over keys and inputs. An adapter raises
``Unsupported`` for what its framework cannot do, and lets the framework's own exceptions
through; it checks no answers (``dropout_props.subjects.validation`` does).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from dropout_props.subjects.operations import Program

Array: TypeAlias = Any  # a jax.Array; named without importing JAX
Key: TypeAlias = Any  # a JAX key, raw (uint32[2]) or typed
Streams: TypeAlias = Mapping[str, Key]  # {} means that no key is given


class Adapter(Protocol):
    """How a framework is asked. Shapes: every answer has the shape of the reference."""

    def __hash__(self) -> int:
        """Adapters are hashable: what was learnt about one is remembered."""
        ...

    def call(
        self,
        x: Array,
        *,
        rate: float,
        training: bool,
        streams: Streams,
        broadcast_dims: Sequence[int] = (),
    ) -> Array:
        """Calls the layer once, in one fresh application."""
        ...

    def call_repeatedly(
        self,
        x: Array,
        *,
        times: int,
        rate: float,
        streams: Streams,
        broadcast_dims: Sequence[int] = (),
    ) -> tuple[Array, ...]:
        """Calls the same layer ``times`` times in one application, in training."""
        ...

    def call_in_modes(
        self, x: Array, *, modes: Sequence[bool], rate: float, streams: Streams
    ) -> tuple[Array, ...]:
        """Calls the same layer once a mode in one application; True is training."""
        ...

    def call_layers(
        self, x: Array, *, names: Sequence[str], rate: float, streams: Streams, times: int = 1
    ) -> tuple[Array, ...]:
        """Calls one layer a name, all in one model and all on ``x``; ``a/b`` is nested."""
        ...

    def call_explicit(
        self,
        x: Array,
        *,
        key: Key,
        rate: float,
        streams: Streams,
        broadcast_dims: Sequence[int] = (),
    ) -> Array:
        """Calls the layer once in training with ``key`` handed to the call itself."""
        ...

    def perform(
        self, x: Array, *, program: Program, rate: float, streams: Streams
    ) -> tuple[Array, ...]:
        """Does to the layer what the program says; see ``dropout_props.subjects.operations``."""
        ...

    def fresh(self) -> Adapter:
        """Returns the same adapter, without anything that it or the framework remembers."""
        ...

    def named_stream(self, name: str) -> Adapter:
        """Returns the same adapter, whose layers draw from the stream ``name``."""
        ...
