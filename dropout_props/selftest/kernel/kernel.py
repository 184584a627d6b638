"""A dropout made of small functions, each of which can be exchanged.

``Kernel()`` is correct: on either API it gives, bit for bit, the masks and outputs of the
framework's own Dropout. A planted bug or a correct control is ``Kernel`` with one function
replaced, in one to three lines::

    Kernel(combine=lambda x, mask, keep_rate, key: jnp.where(mask, x / (1 - keep_rate), 0))

No Flax here: ``kernel_linen`` and ``kernel_nnx`` hand over a ``Site`` that knows where keys
come from. What a layer cannot see (a scan around it, other devices) a kernel cannot get wrong.
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
    """How a framework hands out keys at one layer."""

    @property
    def memory(self) -> MutableMapping[str, Any]:
        """Lives as long as the layer does, in one application."""
        ...

    def has(self, stream: str) -> bool:
        """Whether a key was given for the stream."""
        ...

    def streams(self) -> tuple[str, ...]:
        """Names of the streams that keys were given for, in their order."""
        ...

    def issue(self, stream: str) -> Key:
        """The framework's own next key, which advances its count; raises its own error."""
        ...

    def root_key(self, stream: str) -> Key:
        """The key as it was given, with nothing folded in."""
        ...

    def path(self, stream: str) -> tuple[Any, ...]:
        """What the framework folds in for the place of the layer."""
        ...

    def count(self, stream: str) -> Any:
        """How many keys the layer's place has been issued so far."""
        ...

    def fold(self, root_key: Key, path: tuple[Any, ...], count: Any) -> Key:
        """The framework's own derivation: what ``issue`` gives at this path and count."""
        ...


class Site:
    """One training call of one layer, as a kernel sees it.

    Attributes:
        x: the input.
        rate: chance that a unit is dropped.
        stream: name of the layer's stream.
        count: how many keys this place was issued before this call (an int in Linen, an
            array in NNX).
    """

    def __init__(self, source: KeySource, *, x: Array, rate: float, stream: str) -> None:
        self._source = source
        self.x = x
        self.rate = rate
        self.stream = stream
        self.count: Any = source.count(stream) if source.has(stream) else 0

    @property
    def memory(self) -> MutableMapping[str, Any]:
        """A store that lives as long as the layer does, in one application."""
        return self._source.memory

    @property
    def path(self) -> tuple[Any, ...]:
        """What the framework folds in for the place of the layer."""
        return self._source.path(self.stream)

    @property
    def root_key(self) -> Key:
        """The key of the stream as it was given, with nothing folded in."""
        return self._source.root_key(self.stream)

    def root_key_of(self, stream: str) -> Key:
        """The key of another stream as it was given."""
        return self._source.root_key(stream)

    def has(self, stream: str) -> bool:
        """Says whether a key was given for ``stream``."""
        return self._source.has(stream)

    @property
    def streams(self) -> tuple[str, ...]:
        """Names of the streams that keys were given for, in their order."""
        return self._source.streams()

    def issue(self, stream: str | None = None) -> Key:
        """Returns the framework's next key of a stream, and advances its count."""
        return self._source.issue(self.stream if stream is None else stream)

    def key_at(self, *, path: tuple[Any, ...] | None = None, count: Any = None) -> Key:
        """Returns the key that belongs to a place and a count, and advances nothing."""
        return self._source.fold(
            self.root_key,
            self.path if path is None else path,
            self.count if count is None else count,
        )


def _issue(site: Site) -> Key:
    return site.issue()


def _take(site: Site, key: Key) -> Key:  # noqa: ARG001 - one of the exchangeable functions
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


def _nothing(source: KeySource, stream: str) -> None:  # neither building nor evaluating takes a key
    del source, stream


@dataclass(frozen=True)
class Kernel:
    """The functions that make a dropout; every default is correct.

    Attributes:
        derive_key: the key of this call, when the stream has one.
        missing_key: the key of this call when the stream has none; raises the framework's
            own error.
        explicit_key: the key of this call when one was handed to it.
        mask_shape: shape of the mask, from the input's and the broadcast dims.
        draw: bool mask of the given shape; True is kept. Takes the key, the keep rate, the
            shape and the site.
        combine: the output. Takes the input, the mask broadcast to its shape, the keep rate
            and the key.
        rate_zero: the output at rate 0. Takes the input and the rate, as the next two.
        evaluate: the output in evaluation mode.
        rate_one: the output at rate 1.
        when_built: what building the layer does to the keys; in Linen, which builds without
            keys, what comes first in a call.
        before_evaluate: what an evaluation does to the keys of the stream.
        mode: whether to evaluate. Takes the mode as it was set when built and at the call, and
            the framework's own way to merge them.
        order: the special cases that are tested ahead of the draw, first one first.
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
    """Calls a kernel once.

    Args:
        kernel: the functions.
        source: where keys come from.
        x: the input, any shape.
        rate: chance that a unit is dropped.
        training: the mode.
        stream: name of the stream to draw from.
        broadcast_dims: axes along which one mask is shared.
        explicit: the key that was handed to the call, if any.

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
    """Returns the mask in the shape of the input, and spread over devices as the input is."""
    mask = jnp.broadcast_to(mask, x.shape)
    sharding = getattr(jax.typeof(x), "sharding", None) if hasattr(jax, "typeof") else None
    if sharding is None or sharding.mesh.empty:
        return mask
    return cast("Any", jax.sharding).reshard(mask, sharding)
