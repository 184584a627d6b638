"""The protocol of adapters: the few operations that each adapter maps to its framework.

Every operation takes an input and is pure: equal arguments give equal outputs, and `jax.vmap` and
`jax.jit` can trace it over keys and inputs. An adapter raises `Unsupported` where its framework
cannot run an operation, lets the framework's own exceptions through, and checks no output
(`dropout_props.subjects.validation` does).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from dropout_props.subjects.operations import Operation

Array: TypeAlias = Any  # a jax.Array; named without importing JAX
Key: TypeAlias = Any  # a JAX key, raw (uint32[2]) or typed
Streams: TypeAlias = Mapping[str, Key]  # one key per stream; {} gives no key


class Adapter(Protocol):
    """Runs a layer on its framework. Every output has the shape of the reference.

    `Subject` documents the arguments; it calls the methods of the same names.
    """

    def __hash__(self) -> int:
        """Return a hash: results are cached by adapter."""
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
        """Call the layer once, in one new application."""
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
        """Call the same layer `times` times in one application, in training mode."""
        ...

    def call_in_modes(
        self, x: Array, *, modes: Sequence[bool], rate: float, streams: Streams
    ) -> tuple[Array, ...]:
        """Call the same layer once per mode in one application; True is training."""
        ...

    def call_layers(
        self, x: Array, *, names: Sequence[str], rate: float, streams: Streams, times: int = 1
    ) -> tuple[Array, ...]:
        """Call one layer per name, all in one model and all on `x`; `a/b` is nested."""
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
        """Call the layer once in training mode, with `key` as an argument of the call."""
        ...

    def perform(
        self, x: Array, *, operation: Operation, rate: float, streams: Streams
    ) -> tuple[Array, ...]:
        """Run an operation of `dropout_props.subjects.operations` on the layer."""
        ...

    def trace(self, x: Array, *, rate: float, streams: Streams) -> Array:
        """Return shape and dtype of a training output, for an input that is given by the same.

        It raises what the layer raises, and computes nothing.
        """
        ...

    def collections(self, x: Array, *, rate: float) -> frozenset[str]:
        """Return the names of the collections of variables, such as `params` and `batch_stats`.

        Args:
            x: an input, or its shape and dtype alone; nothing is computed.
            rate: the rate.
        """
        ...

    def fresh(self) -> Adapter:
        """Return an equal adapter that shares no cache with this one, nor with the framework."""
        ...

    def with_stream(self, name: str) -> Adapter:
        """Return an equal adapter whose layers draw from the stream `name`."""
        ...
