"""The adapter that runs NNX layers: it builds a module on `nnx.Rngs` and calls it.

Every operation builds new modules, inside the transforms that surround it, so that no state
outlives it. Without keys a layer is built without `rngs`; a layer with parameters is then built on
fixed keys, which a correct layer uses neither in evaluation nor at rate 0. Its parameters are those
of one build: from operation to operation only the state of its streams changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, cast

import flax
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from flax.core import FrozenDict

from dropout_props.subjects.errors import Unsupported
from dropout_props.subjects.naming import tree_of
from dropout_props.subjects.nnx.built import assemble, built, find
from dropout_props.subjects.nnx.lifted import lifted
from dropout_props.subjects.nnx.steps import Stepper
from dropout_props.subjects.operations import (
    Beside,
    Handed,
    Modes,
    Operation,
    Reseeded,
    Rewrapped,
    Shared,
    Steps,
)
from dropout_props.subjects.protocol import Array, Key, Streams
from dropout_props.subjects.wiring import Wiring

PARAMS_SEED = 0
EVALUATION_SEED = 1
_OTHER, _RESEED = 11, 12  # folded into a key, these give keys that no stream issues
RNGS_PARAMETER = "rngs"
_MAPPINGS = {"dict": dict, "MappingProxyType": MappingProxyType, "FrozenDict": FrozenDict}
# Before 0.11 a call took only an Rngs: a key has to be wrapped into one.
_CALLS_TAKE_KEYS = tuple(map(int, re.findall(r"\d+", flax.__version__)[:2])) >= (0, 11)

DERIVATION: Literal["nnx fork", "nnx stream"] = "nnx fork" if _CALLS_TAKE_KEYS else "nnx stream"
"""How the installed release derives the keys of a layer; see `Traits.derivation`."""


@dataclass(frozen=True, eq=False)
class NNXAdapter:
    """Runs an NNX layer.

    Attributes:
        factory: takes `rngs` and returns a module.
        wiring: names of the layer's parameters for rate, mode, stream and key.
        fixed_rate: the rate of a layer without a rate parameter.
        params: the layer has parameters, and requires keys when it is built.
        stream: the stream that it draws from.
        renamed: `stream` differs from the layer's own stream.
        weights: cache of the weights of a layer with parameters.
    """

    factory: Callable[..., nnx.Module]
    wiring: Wiring
    fixed_rate: float | None = None
    params: bool = False
    stream: str = "dropout"
    renamed: bool = False
    weights: dict[Any, Any] = field(default_factory=dict, repr=False)

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
        given: Any = rate
        draws = training and (isinstance(given, jax.core.Tracer) or given != 0.0)
        rngs = self._rngs(streams, training=draws)
        layer = self._layer(rngs, rate=rate, training=training, broadcast_dims=broadcast_dims)
        return self._call(layer, x, training=training)

    def call_repeatedly(
        self,
        x: Array,
        *,
        times: int,
        rate: float,
        streams: Streams,
        broadcast_dims: Sequence[int] = (),
    ) -> tuple[Array, ...]:
        """See `Adapter.call_repeatedly`."""
        rngs = self._rngs(streams, training=True)
        layer = self._layer(rngs, rate=rate, training=True, broadcast_dims=broadcast_dims)
        return tuple(self._call(layer, x, training=True) for _ in range(times))

    def call_in_modes(
        self, x: Array, *, modes: Sequence[bool], rate: float, streams: Streams
    ) -> tuple[Array, ...]:
        """See `Adapter.call_in_modes`."""
        if self.wiring.mode_place == "constructor":
            raise Unsupported("its mode is fixed when it is built")
        layer = self._layer(self._rngs(streams, training=True), rate=rate, training=True)
        return tuple(self._call(layer, x, training=mode) for mode in modes)

    def call_layers(
        self, x: Array, *, names: Sequence[str], rate: float, streams: Streams, times: int = 1
    ) -> tuple[Array, ...]:
        """See `Adapter.call_layers`."""
        rngs = self._rngs(streams, training=True)
        layers = [self._layer(rngs, rate=rate, training=True) for _ in names]
        model = assemble(tree_of(names), layers)
        return tuple(
            self._call(find(model, name), x, training=True) for name in names for _ in range(times)
        )

    def call_explicit(
        self,
        x: Array,
        *,
        key: Key,
        rate: float,
        streams: Streams,
        broadcast_dims: Sequence[int] = (),
    ) -> Array:
        """See `Adapter.call_explicit`; before Flax 0.11 the key is wrapped into an Rngs."""
        if self.wiring.key_parameter is None:
            raise Unsupported("it takes no key as an argument of the call")
        rngs = self._rngs(streams, training=True)
        layer = self._layer(rngs, rate=rate, training=True, broadcast_dims=broadcast_dims)
        key = _as_jax(key)
        argument = key if _CALLS_TAKE_KEYS else nnx.Rngs({self.stream: key})
        return self._call(layer, x, training=True, extra={self.wiring.key_parameter: argument})

    def perform(
        self, x: Array, *, operation: Operation, rate: float, streams: Streams
    ) -> tuple[Array, ...]:
        """See `Adapter.perform`."""
        if isinstance(operation, Modes):
            return (self._in_places(x, operation, rate=rate, streams=streams),)
        mapping = _MAPPINGS[operation.mapping] if isinstance(operation, Handed) else dict
        rngs = self._rngs(streams, training=True, mapping=mapping)
        if isinstance(operation, Shared):
            sharing = self.wiring.sharing_arguments(shared=operation.shared)
            layer = self._layer(rngs, rate=rate, training=True, more=sharing)
            return (self._call(layer, x, training=True),)

        def call(layer: Any, x: Array) -> Array:
            return self._call(layer, x, training=True)

        if isinstance(operation, Rewrapped | Reseeded | Beside):
            return built(
                operation,
                rngs,
                x,
                build=lambda rngs: self._layer(rngs, rate=rate, training=True),
                call=call,
                stream=self.stream,
                key=streams.get(self.stream),
            )
        layer = self._layer(rngs, rate=rate, training=True)
        if isinstance(operation, Handed):
            return (call(layer, x),)
        if isinstance(operation, Steps):
            key = streams.get(self.stream, streams.get("default"))
            others = {name: jax.random.fold_in(key, _OTHER) for name in streams}
            stepper = Stepper(
                lambda: self._layer(self._rngs(others, training=True), rate=rate, training=True),
                layer,
                self._call,
                stream=self.stream,
                reseeding=jax.random.fold_in(key, _RESEED),
            )
            return stepper.take(operation, x)
        if operation.evaluated:
            lifted(operation, layer, x, lambda layer, x: self._call(layer, x, training=False))
        return lifted(operation, layer, x, call)

    def trace(self, x: Array, *, rate: float, streams: Streams) -> Array:
        """See `Adapter.trace`."""
        return jax.eval_shape(lambda x: self.call(x, rate=rate, training=True, streams=streams), x)

    def collections(self, x: Array, *, rate: float) -> frozenset[str]:  # noqa: ARG002
        """See `Adapter.collections`."""
        layer = self._layer(self._rngs({}, training=False), rate=rate, training=False)
        return kinds_of(layer)

    def fresh(self) -> NNXAdapter:
        """See `Adapter.fresh`."""
        return replace(self, weights={})

    def with_stream(self, name: str) -> NNXAdapter:
        """See `Adapter.with_stream`."""
        if self.wiring.stream_parameter is None:
            raise Unsupported("its stream has a fixed name")
        return replace(self, stream=name, renamed=True)

    def _mode(self, evaluating: bool | None) -> dict[str, Any]:  # noqa: FBT001
        return self.wiring.mode_as(evaluating=evaluating)

    def _in_places(self, x: Array, modes: Modes, *, rate: float, streams: Streams) -> Array:
        built, called = self._mode(modes.built), self._mode(modes.called)
        if modes.built_open and self.wiring.mode_parameter is not None:
            built = {self.wiring.mode_parameter: None}
        rngs = self._rngs(streams, training=True)
        layer: Any = self._layer(rngs, rate=rate, training=True, more=built)
        if modes.switched is not None:
            layer.eval() if modes.switched else layer.train()
        more = self.wiring.extra_arguments(x)
        return self.wiring.output_of(layer(x, **called, **more))

    def _rngs(
        self, streams: Streams, *, training: bool, mapping: Callable[[Any], Any] = dict
    ) -> nnx.Rngs | None:
        keys: dict[str, Any] = {name: _as_jax(key) for name, key in streams.items()}
        if self.params:
            keys.setdefault("params", PARAMS_SEED)
            if not training:
                keys.setdefault(self.stream, EVALUATION_SEED)
        return nnx.Rngs(mapping(keys)) if keys else None

    def _layer(
        self,
        rngs: nnx.Rngs | None,
        *,
        rate: float,
        training: bool,
        broadcast_dims: Sequence[int] = (),
        more: Mapping[str, Any] = MappingProxyType({}),
    ) -> nnx.Module:
        arguments = self.wiring.constructor_arguments(
            rate=rate,
            fixed_rate=self.fixed_rate,
            training=training,
            broadcast_dims=broadcast_dims,
            stream=self.stream if self.renamed else None,
        )
        layer = self.factory(**{**arguments, **more}, **{RNGS_PARAMETER: rngs})
        if self.params:
            nnx.update(layer, self._weights({**arguments, **more}))
        return layer

    def _weights(self, arguments: Mapping[str, Any]) -> Any:
        """Return the weights of a layer that was built on fixed keys.

        So they do not depend on the keys under test, as in a module that is built once. Other
        variables stay as they are: one may hold the rate.
        """
        cached = tuple(sorted(arguments))
        if cached not in self.weights:
            keys = {self.stream: EVALUATION_SEED, "params": PARAMS_SEED}
            # Concrete even inside vmap and jit: a tracer in this cache would outlive its trace.
            with jax.ensure_compile_time_eval():
                built = self.factory(**arguments, **{RNGS_PARAMETER: nnx.Rngs(keys)})
                self.weights[cached] = nnx.state(built, nnx.Param)
        return self.weights[cached]

    def _call(
        self,
        layer: nnx.Module,
        x: Array,
        *,
        training: bool,
        extra: dict[str, Any] | None = None,
    ) -> Array:
        if self.wiring.mode_place == "method":
            if training:
                layer.train()
            else:
                layer.eval()
        mode = self.wiring.mode_argument("call", training=training)
        more = self.wiring.extra_arguments(x)
        return self.wiring.output_of(cast("Any", layer)(x, **mode, **more, **(extra or {})))


def kinds_of(layer: nnx.Module) -> frozenset[str]:
    """Return the kinds of variables that a layer holds beside its streams.

    Returns:
        `params` for parameters, and the name of its type for any other variable.
    """
    kinds = set()
    for leaf in jax.tree_util.tree_leaves(nnx.state(layer), is_leaf=_is_variable):
        kind = getattr(leaf, "type", type(leaf))
        if not issubclass(kind, nnx.RngState):
            kinds.add("params" if issubclass(kind, nnx.Param) else kind.__name__)
    return frozenset(kinds)


def _is_variable(node: Any) -> bool:
    return hasattr(node, "type") or isinstance(node, nnx.Variable)


def _as_jax(key: Key) -> Key:
    # nnx takes only JAX arrays: it refuses a NumPy key as "Invalid rng value".
    return jnp.asarray(key) if isinstance(key, np.ndarray) else key
