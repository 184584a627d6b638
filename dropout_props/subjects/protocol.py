"""The protocol of adapters: each maps operations, which are data, to its framework.

Every operation takes an input and is pure: equal arguments give equal outputs, and `jax.vmap` and
`jax.jit` can trace it over keys and inputs. An adapter raises `Unsupported` where its framework
cannot run an operation, lets the framework's own exceptions through, and checks no output
(`dropout_props.subjects.validation` does).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from dropout_props.subjects.operations import Operation

Array: TypeAlias = Any  # a jax.Array; named without importing JAX
Key: TypeAlias = Any  # a JAX key, raw (uint32[2]) or typed
Streams: TypeAlias = Mapping[str, Key]  # one key per stream; {} gives no key


@dataclass(frozen=True)
class Arguments:
    """The rate and the keys with which an operation runs: an adapter passes them on as one.

    Attributes:
        rate: probability that a unit is dropped.
        streams: one key per stream.
        key: the argument of the call, for `WithKey` alone.
    """

    rate: float
    streams: Streams
    key: Key = None


class Adapter(Protocol):
    """Runs a layer on its framework. Every output has the shape of the reference."""

    def __hash__(self) -> int:
        """Return a hash: results are cached by adapter."""
        ...

    def run(
        self, operation: Operation, x: Array, *, rate: float, streams: Streams, key: Key = None
    ) -> tuple[Array, ...]:
        """Run an operation; `Subject.run` documents the arguments.

        Returns:
            `operation.num_outputs` outputs.

        Raises:
            Unsupported: the framework, or the layer, has no such operation.
        """
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

    def submodules(self, x: Array, *, rate: float) -> tuple[str, ...]:
        """Return the names of the classes of the innermost submodules that draw nothing.

        Args:
            x: an input, or its shape and dtype alone; nothing is computed.
            rate: the rate.
        """
        ...

    def fresh(self) -> Adapter:
        """Return an equal adapter that shares no cache with this one, nor with the framework."""
        ...

    def filled(self) -> Adapter:
        """Return an equal adapter whose parameters, where all zero, have other numbers."""
        ...

    def with_stream(self, name: str) -> Adapter:
        """Return an equal adapter whose layers draw from the stream `name`."""
        ...
