"""A dropout layer that consists of small functions, each of which can be replaced.

`Kernel()` is correct: on either API its masks and outputs equal those of the framework's Dropout
bit for bit. A mutant or a control is a `Kernel` with one function replaced, in one to three
lines::

    Kernel(combine=lambda x, mask, keep_rate, key: jnp.where(mask, x / (1 - keep_rate), 0))

This module does not import Flax: `linen` and `nnx`, beside it, pass a `KeySource` that gives the
keys. A kernel can have no fault in what a layer cannot see, such as a scan around it.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, cast

import jax
import jax.numpy as jnp

from dropout_props.subjects.operations import Modes
from dropout_props.subjects.protocol import Array, Key

Shape: TypeAlias = tuple[int, ...]
Special: TypeAlias = Literal["rate_zero", "evaluate", "rate_one"]


class KeySource(Protocol):
    """The keys that a framework gives to one layer."""

    @property
    def memory(self) -> MutableMapping[str, Any]:
        """A store that lives as long as the layer, in one application."""
        ...

    def has(self, stream: str) -> bool:
        """Return whether the stream has a key."""
        ...

    def streams(self) -> tuple[str, ...]:
        """The names of the streams that have a key, in the order of the mapping."""
        ...

    def issue(self, stream: str) -> Key:
        """Draw the next key of the framework, or raise the error of the framework."""
        ...

    def root_key(self, stream: str) -> Key:
        """Return the key of the stream as the caller gave it, with nothing folded in."""
        ...

    def path(self, stream: str) -> tuple[Any, ...]:
        """The values that the framework folds in for the path of the layer."""
        ...

    def count(self, stream: str) -> Any:
        """Return how many keys the framework has given to this layer so far."""
        ...

    def fold(self, root_key: Key, path: tuple[Any, ...], count: Any) -> Key:
        """Return the key that `issue` gives at this path and count."""
        ...


class Site:
    """One training call of one layer, as a kernel sees it.

    Attributes:
        x: the input.
        rate: probability that a unit is dropped.
        stream: name of the stream of the layer.
        count: number of keys that the framework gave to this layer before this call (an int in
            Linen, an array in NNX).
    """

    def __init__(self, source: KeySource, *, x: Array, rate: float, stream: str) -> None:
        self._source = source
        self.x = x
        self.rate = rate
        self.stream = stream
        self.count: Any = source.count(stream) if source.has(stream) else 0

    @property
    def memory(self) -> MutableMapping[str, Any]:
        """A store that lives as long as the layer, in one application."""
        return self._source.memory

    @property
    def path(self) -> tuple[Any, ...]:
        """The values that the framework folds in for the path of the layer."""
        return self._source.path(self.stream)

    @property
    def root_key(self) -> Key:
        """The key of the stream as the caller gave it, with nothing folded in."""
        return self._source.root_key(self.stream)

    def root_key_of(self, stream: str) -> Key:
        """Return the key of another stream as the caller gave it."""
        return self._source.root_key(stream)

    def has(self, stream: str) -> bool:
        """Return whether `stream` has a key."""
        return self._source.has(stream)

    @property
    def streams(self) -> tuple[str, ...]:
        """The names of the streams that have a key, in the order of the mapping."""
        return self._source.streams()

    def issue(self, stream: str | None = None) -> Key:
        """Draw the next key of a stream, which advances its count."""
        return self._source.issue(self.stream if stream is None else stream)

    def key_at(self, *, path: tuple[Any, ...] | None = None, count: Any = None) -> Key:
        """Return the key at a path and count, without drawing it."""
        return self._source.fold(
            self.root_key,
            self.path if path is None else path,
            self.count if count is None else count,
        )


def _issue(site: Site) -> Key:
    return site.issue()


def _take(site: Site, key: Key) -> Key:  # noqa: ARG001 - the arguments of a replaceable function
    return key


def _shared_shape(shape: Shape, broadcast_dims: tuple[int, ...]) -> Shape:
    sizes = list(shape)
    for dim in broadcast_dims:
        sizes[dim] = 1
    return tuple(sizes)


def _bernoulli(key: Key, keep_rate: float, shape: Shape, site: Site) -> Array:  # noqa: ARG001
    return jax.random.bernoulli(key, p=keep_rate, shape=shape)


def _select(x: Array, mask: Array, keep_rate: float, key: Key) -> Array:  # noqa: ARG001
    return jax.lax.select(mask, x / keep_rate, jnp.zeros_like(x))


def _same(x: Array, rate: float) -> Array:  # noqa: ARG001
    return x


def _zeros(x: Array, rate: float) -> Array:  # noqa: ARG001
    return jnp.zeros_like(x)


def _merged(modes: Modes, merge: Callable[[], bool]) -> bool:  # noqa: ARG001
    return merge()


def _nothing(source: KeySource, stream: str) -> None:  # neither building nor evaluating draws a key
    del source, stream


@dataclass(frozen=True)
class Kernel:
    """The functions of a dropout layer; every default is correct.

    Attributes:
        derive_key: returns the key of this call, if the stream has a key.
        missing_key: returns the key of this call, if the stream has none; the default raises the
            error of the framework.
        explicit_key: returns the key of this call, if the call has a key as an argument.
        mask_shape: returns the shape of the mask from that of the input and the broadcast_dims.
        draw: returns a bool mask of a shape, in which True is kept. Takes the key, the keep rate,
            the shape and the site.
        combine: returns the output. Takes the input, the mask broadcast to its shape, the keep
            rate and the key.
        rate_zero: returns the output at rate 0. Takes the input and the rate, as the next two.
        evaluate: returns the output in evaluation mode.
        rate_one: returns the output at rate 1.
        when_built: changes the keys when the layer is built; in Linen, which builds layers
            without keys, at the start of a call.
        before_evaluate: changes the keys of the stream before an evaluation.
        mode: returns whether to evaluate. Takes the modes of constructor and call, and the
            framework's function that merges them.
        order: the special cases, in the order in which a call tests for them.
    """

    derive_key: Callable[[Site], Key] = _issue
    missing_key: Callable[[Site], Key] = _issue
    explicit_key: Callable[[Site, Key], Key] = _take
    mask_shape: Callable[[Shape, tuple[int, ...]], Shape] = _shared_shape
    draw: Callable[[Key, float, Shape, Site], Array] = _bernoulli
    combine: Callable[[Array, Array, float, Key], Array] = _select
    rate_zero: Callable[[Array, float], Array] = _same
    evaluate: Callable[[Array, float], Array] = _same
    rate_one: Callable[[Array, float], Array] = _zeros
    when_built: Callable[[KeySource, str], None] = _nothing
    before_evaluate: Callable[[KeySource, str], None] = _nothing
    mode: Callable[[Modes, Callable[[], bool]], bool] = _merged
    order: tuple[Special, ...] = ("rate_zero", "evaluate", "rate_one")


def run(
    kernel: Kernel,
    source: KeySource,
    x: Array,
    *,
    rate: float,
    training: bool,
    stream: str,
    broadcast_dims: tuple[int, ...] = (),
    explicit: Key | None = None,
) -> Array:
    """Call a kernel once.

    Args:
        kernel: the functions.
        source: gives the keys.
        x: the input, any shape.
        rate: probability that a unit is dropped.
        training: the mode.
        stream: name of the stream to draw from.
        broadcast_dims: axes along which one mask is shared.
        explicit: the key that is an argument of the call, if any.

    Returns:
        The output of the kernel.
    """
    for special in kernel.order:
        if special == "rate_zero" and rate == 0.0:
            return kernel.rate_zero(x, rate)
        if special == "evaluate" and not training:
            kernel.before_evaluate(source, stream)
            return kernel.evaluate(x, rate)
        if special == "rate_one" and rate == 1.0:
            return kernel.rate_one(x, rate)
    site = Site(source, x=x, rate=rate, stream=stream)
    if explicit is not None:
        key = kernel.explicit_key(site, explicit)
    elif site.has(stream):
        key = kernel.derive_key(site)
    else:
        key = kernel.missing_key(site)
    keep_rate = 1.0 - rate
    mask = kernel.draw(key, keep_rate, kernel.mask_shape(tuple(x.shape), broadcast_dims), site)
    return kernel.combine(x, _aligned(mask, x), keep_rate, key)


def _aligned(mask: Array, x: Array) -> Array:
    """Return the mask in the shape and the sharding of the input."""
    mask = jnp.broadcast_to(mask, x.shape)
    sharding = getattr(jax.typeof(x), "sharding", None) if hasattr(jax, "typeof") else None
    if sharding is None or sharding.mesh.empty:
        return mask
    return cast("Any", jax.sharding).reshard(mask, sharding)
