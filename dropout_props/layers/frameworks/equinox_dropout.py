"""`equinox.nn.Dropout` as a subject: a module without state, which takes a key at each call.

Equinox counts no calls: a model splits its key before each call in training. So an operation of
several calls splits the key of the application, `key, own = split(key)`, as Equinox's examples do.
Its transforms are `filter_jit`, `filter_vmap` and `filter_checkpoint`, and for the rest JAX's own,
which its documentation recommends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import singledispatchmethod
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from dropout_props.subjects.errors import Unsupported
from dropout_props.subjects.naming import tree_of
from dropout_props.subjects.operations import (
    Call,
    InModes,
    Layers,
    Operation,
    Repeat,
    Transform,
    Under,
    WithKey,
)
from dropout_props.subjects.protocol import Arguments, Array, Key, Streams
from dropout_props.subjects.subject import Subject
from dropout_props.subjects.traits import Traits

_STREAM = "dropout"
_Call = Callable[[Any, Array, Any], Array]


def subject() -> Subject:
    """Return `equinox.nn.Dropout` as a subject."""
    traits = Traits(
        api="equinox",
        streams=False,
        explicit_key=True,
        missing_key_errors=("RuntimeError",),
        takes="all",
    )
    return Subject("equinox.nn.Dropout", traits, EquinoxAdapter(eqx.nn.Dropout))


@dataclass(frozen=True, eq=False)
class EquinoxAdapter:
    """Runs a layer of Equinox.

    Attributes:
        factory: takes the rate and returns a module, which is called with `key=`.
    """

    factory: Callable[[float], Any]

    def run(
        self, operation: Operation, x: Array, *, rate: float, streams: Streams, key: Key = None
    ) -> tuple[Array, ...]:
        """See `Adapter.run`."""
        return self._run(operation, x, Arguments(rate, streams, key))

    @singledispatchmethod
    def _run(self, operation: Operation, *_: Any) -> tuple[Array, ...]:
        raise Unsupported(
            f"Equinox has no {type(operation).__name__}: its layers hold no streams, and their "
            "mode is set in one place"
        )

    @_run.register(Call)
    def _once(self, operation: Call, x: Array, given: Arguments) -> tuple[Array, ...]:
        _refuse_broadcast(operation.broadcast_dims)
        layer = self._layer(given.rate, training=operation.training)
        return (_call(layer, x, given.streams.get(_STREAM)),)

    @_run.register(Repeat)
    def _repeat(self, operation: Repeat, x: Array, given: Arguments) -> tuple[Array, ...]:
        _refuse_broadcast(operation.broadcast_dims)
        layer = self._layer(given.rate)
        return tuple(_call(layer, x, key) for key in _keys(given.streams, operation.times))

    @_run.register(InModes)
    def _in_modes(self, operation: InModes, x: Array, given: Arguments) -> tuple[Array, ...]:
        modes = operation.modes  # each is set by `equinox.nn.inference_mode`
        layer, keys = self._layer(given.rate), iter(_keys(given.streams, sum(modes)))
        return tuple(
            _call(eqx.nn.inference_mode(layer, value=not mode), x, next(keys) if mode else None)
            for mode in modes
        )

    @_run.register(Layers)
    def _layers(self, operation: Layers, x: Array, given: Arguments) -> tuple[Array, ...]:
        names, times = operation.names, operation.times
        model = _Model(_filled(tree_of(names), [self._layer(given.rate) for _ in names]))
        keys = iter(_keys(given.streams, operation.num_outputs))
        return tuple(_call(model.find(name), x, next(keys)) for name in names for _ in range(times))

    @_run.register(WithKey)
    def _with_key(self, operation: WithKey, x: Array, given: Arguments) -> tuple[Array, ...]:
        _refuse_broadcast(operation.broadcast_dims)
        return (_call(self._layer(given.rate), x, given.key),)

    @_run.register(Under)
    def _under(self, operation: Under, x: Array, given: Arguments) -> tuple[Array, ...]:
        if operation.transform not in _TRANSFORMS:
            raise Unsupported(f"Equinox has no {operation.transform}")
        run, keys = _TRANSFORMS[operation.transform], _keys(given.streams, operation.times)
        if operation.evaluated:
            run(self._layer(given.rate, training=False), x, keys)
        return tuple(run(self._layer(given.rate), x, keys))

    def trace(self, x: Array, *, rate: float, streams: Streams) -> Array:
        """See `Adapter.trace`."""
        given = Arguments(rate, streams)
        return jax.eval_shape(lambda x: self._once(Call(training=True), x, given)[0], x)

    def collections(self, x: Array, *, rate: float) -> frozenset[str]:  # noqa: ARG002
        """Return no name: the layer holds no array."""
        return frozenset()

    def submodules(self, x: Array, *, rate: float) -> tuple[str, ...]:  # noqa: ARG002
        """Return no name: the layer holds no submodules."""
        return ()

    def fresh(self) -> EquinoxAdapter:
        """See `Adapter.fresh`: nothing is cached by layer."""
        return self

    def filled(self) -> EquinoxAdapter:
        """Return this adapter: the layer holds no array."""
        return self

    def with_stream(self, name: str) -> EquinoxAdapter:  # noqa: ARG002 - as the protocol
        """Raise `Unsupported`: Equinox has no streams."""
        raise Unsupported("Equinox has no named streams")

    def _layer(self, rate: float, *, training: bool = True) -> Any:
        return eqx.nn.inference_mode(self.factory(rate), value=not training)


class _Model(eqx.Module):  # type: ignore[misc]
    """A model that holds layers by name, blocks as dictionaries."""

    layers: dict[str, Any]

    def find(self, name: str) -> Any:
        """Return the layer called `a/b`."""
        found: Any = self.layers
        for part in name.split("/"):
            found = found[part]
        return found


def _filled(tree: Any, layers: Sequence[Any]) -> dict[str, Any]:
    return {
        name: layers[below] if isinstance(below, int) else _filled(below, layers)
        for name, below in tree.items()
    }


def _call(layer: Any, x: Array, key: Any) -> Array:
    return layer(x, key=key)


def _keys(streams: Streams, times: int) -> Any:
    """Return a key for each of several calls, one array; None for each without a key."""
    if _STREAM not in streams or not times:
        return [None] * times
    key, keys = streams[_STREAM], []
    for _ in range(times):
        key, own = jax.random.split(key)
        keys.append(own)
    return jnp.stack(keys)


def _refuse_broadcast(broadcast_dims: Sequence[int]) -> None:
    if broadcast_dims:
        raise Unsupported("it takes no broadcast_dims")


def _one_by_one(transform: Callable[[_Call], _Call]) -> Callable[[Any, Array, Any], Any]:
    def run(layer: Any, x: Array, keys: Any) -> Any:
        transformed = transform(_call)
        return [transformed(layer, x, key) for key in keys]

    return run


def _rows(layer: Any, x: Array, keys: Any) -> Any:
    return eqx.filter_vmap(_call, in_axes=(None, 0, 0))(layer, jnp.stack([x] * len(keys)), keys)


def _shared_rows(layer: Any, x: Array, keys: Any) -> Any:
    return eqx.filter_vmap(_call, in_axes=(None, 0, None))(
        layer, jnp.stack([x] * len(keys)), keys[0]
    )


def _steps(layer: Any, x: Array, keys: Any) -> Any:
    return jax.lax.scan(lambda carry, key: (carry, _call(layer, x, key)), 0, keys)[1]


def _shared_steps(layer: Any, x: Array, keys: Any) -> Any:
    def step(carry: int, _: None) -> Any:
        return carry, _call(layer, x, keys[0])

    return jax.lax.scan(step, 0, None, length=len(keys))[1]


def _carried_steps(layer: Any, x: Array, keys: Any) -> Any:
    def step(key: Any, _: None) -> Any:
        key, own = jax.random.split(key)
        return key, _call(layer, x, own)

    return jax.lax.scan(step, keys[0], None, length=len(keys))[1]


def _branch(layer: Any, x: Array, keys: Any) -> Any:
    flag = jnp.asarray(True)  # noqa: FBT003

    def call(key: Any) -> Array:
        return _call(layer, x, key)

    return [jax.lax.cond(flag, call, call, key) for key in keys]


def _switch(layer: Any, x: Array, keys: Any) -> Any:
    def call(key: Any) -> Array:
        return _call(layer, x, key)

    return [jax.lax.switch(1, [call, call], key) for key in keys]


def _loop(layer: Any, x: Array, keys: Any) -> Any:
    def step(state: Any) -> Any:
        number, outputs = state
        return number + 1, outputs.at[number].set(_call(layer, x, keys[number]))

    start = 0, jnp.stack([jnp.zeros_like(x)] * len(keys))
    return jax.lax.while_loop(lambda state: state[0] < len(keys), step, start)[1]


def _raw_jit(layer: Any, x: Array, keys: Any) -> Any:
    compiled = jax.jit(lambda x, key: _call(layer, x, key))
    return [compiled(x, key) for key in keys]


def _raw_remat(layer: Any, x: Array, keys: Any) -> Any:
    again = jax.checkpoint(lambda x, key: _call(layer, x, key))
    return [again(x, key) for key in keys]


_TRANSFORMS: dict[Transform, Callable[[Any, Array, Any], Any]] = {
    "plain": _one_by_one(lambda call: call),
    "jit": _one_by_one(eqx.filter_jit),
    "remat": _one_by_one(eqx.filter_checkpoint),
    "vmap": _rows,
    "shared vmap": _shared_rows,
    "scan": _steps,
    "shared scan": _shared_steps,
    "carried scan": _carried_steps,
    "cond": _branch,
    "switch": _switch,
    "while": _loop,
    "raw jit": _raw_jit,
    "raw remat": _raw_remat,
    "raw scan": _steps,
}
