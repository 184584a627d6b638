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
from functools import singledispatchmethod
from types import MappingProxyType
from typing import Any, Literal, cast

import flax
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from flax.core import FrozenDict

from dropout_props.subjects.errors import Unsupported
from dropout_props.subjects.filled import without_zeros
from dropout_props.subjects.naming import tree_of
from dropout_props.subjects.nnx.built import assemble, built, find
from dropout_props.subjects.nnx.lifted import lifted
from dropout_props.subjects.nnx.steps import Stepper
from dropout_props.subjects.nnx.submodules import other_submodules
from dropout_props.subjects.operations import (
    Beside,
    Call,
    Handed,
    InModes,
    Layers,
    Modes,
    Operation,
    Repeat,
    Reseeded,
    Rewrapped,
    Shared,
    Steps,
    Under,
    WithKey,
)
from dropout_props.subjects.protocol import Arguments, Array, Key, Streams
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
        is_filled: parameters that are all zero have other numbers.
    """

    factory: Callable[..., nnx.Module]
    wiring: Wiring
    fixed_rate: float | None = None
    params: bool = False
    stream: str = "dropout"
    renamed: bool = False
    weights: dict[Any, Any] = field(default_factory=dict, repr=False)
    is_filled: bool = False

    def run(
        self, operation: Operation, x: Array, *, rate: float, streams: Streams, key: Key = None
    ) -> tuple[Array, ...]:
        """See `Adapter.run`."""
        return self._run(operation, x, Arguments(rate, streams, key))

    @singledispatchmethod
    def _run(self, operation: Operation, *_: Any) -> tuple[Array, ...]:
        raise Unsupported(f"an NNX layer has no {type(operation).__name__}")

    @_run.register(Call)
    def _once(self, operation: Call, x: Array, given: Arguments) -> tuple[Array, ...]:
        rate: Any = given.rate
        training, shared = operation.training, operation.broadcast_dims
        draws = training and (isinstance(rate, jax.core.Tracer) or rate != 0.0)
        rngs = self._rngs(given.streams, training=draws)
        layer = self._layer(rngs, rate=rate, training=training, broadcast_dims=shared)
        return (self._call(layer, x, training=training),)

    @_run.register(Repeat)
    def _repeat(self, operation: Repeat, x: Array, given: Arguments) -> tuple[Array, ...]:
        layer = self._trained(given, broadcast_dims=operation.broadcast_dims)
        return tuple(self._train(layer, x) for _ in range(operation.times))

    @_run.register(InModes)
    def _in_modes(self, operation: InModes, x: Array, given: Arguments) -> tuple[Array, ...]:
        if self.wiring.mode_place == "constructor":
            raise Unsupported("its mode is fixed when it is built")
        layer = self._trained(given)
        return tuple(self._call(layer, x, training=mode) for mode in operation.modes)

    @_run.register(Layers)
    def _layers(self, operation: Layers, x: Array, given: Arguments) -> tuple[Array, ...]:
        rngs, names = self._rngs(given.streams, training=True), operation.names
        layers = [self._layer(rngs, rate=given.rate, training=True) for _ in names]
        model = assemble(tree_of(names), layers)
        return tuple(
            self._train(find(model, name), x) for name in names for _ in range(operation.times)
        )

    @_run.register(WithKey)
    def _with_key(self, operation: WithKey, x: Array, given: Arguments) -> tuple[Array, ...]:
        if self.wiring.key_parameter is None:
            raise Unsupported("it takes no key as an argument of the call")
        layer = self._trained(given, broadcast_dims=operation.broadcast_dims)
        key = _as_jax(given.key)
        argument = key if _CALLS_TAKE_KEYS else nnx.Rngs({self.stream: key})
        return (self._call(layer, x, training=True, extra={self.wiring.key_parameter: argument}),)

    @_run.register(Under)
    def _under(self, operation: Under, x: Array, given: Arguments) -> tuple[Array, ...]:
        layer = self._trained(given)
        if operation.evaluated:
            lifted(operation, layer, x, lambda layer, x: self._call(layer, x, training=False))
        return lifted(operation, layer, x, self._train)

    @_run.register(Modes)
    def _in_places(self, operation: Modes, x: Array, given: Arguments) -> tuple[Array, ...]:
        built, called = self._mode(operation.built), self._mode(operation.called)
        if operation.built_open and self.wiring.mode_parameter is not None:
            built = {self.wiring.mode_parameter: None}
        layer: Any = self._trained(given, more=built)
        if operation.switched is not None:
            layer.eval() if operation.switched else layer.train()
        more = self.wiring.extra_arguments(x)
        return (self.wiring.output_of(layer(x, **called, **more)),)

    @_run.register(Steps)
    def _steps(self, operation: Steps, x: Array, given: Arguments) -> tuple[Array, ...]:
        layer, streams = self._trained(given), given.streams
        key = streams.get(self.stream, streams.get("default"))
        others = {name: jax.random.fold_in(key, _OTHER) for name in streams}
        stepper = Stepper(
            lambda: self._trained(replace(given, streams=others)),
            layer,
            self._call,
            stream=self.stream,
            reseeding=jax.random.fold_in(key, _RESEED),
        )
        return stepper.take(operation, x)

    @_run.register(Rewrapped)
    @_run.register(Reseeded)
    @_run.register(Beside)
    def _built(
        self, operation: Rewrapped | Reseeded | Beside, x: Array, given: Arguments
    ) -> tuple[Array, ...]:
        return built(
            operation,
            self._rngs(given.streams, training=True),
            x,
            build=lambda rngs: self._layer(rngs, rate=given.rate, training=True),
            call=self._train,
            stream=self.stream,
            key=given.streams.get(self.stream),
        )

    @_run.register(Shared)
    def _attention(self, operation: Shared, x: Array, given: Arguments) -> tuple[Array, ...]:
        sharing = self.wiring.sharing_arguments(shared=operation.shared)
        return (self._train(self._trained(given, more=sharing), x),)

    @_run.register(Handed)
    def _handed(self, operation: Handed, x: Array, given: Arguments) -> tuple[Array, ...]:
        layer = self._trained(given, mapping=_MAPPINGS[operation.mapping])
        return (self._train(layer, x),)

    def trace(self, x: Array, *, rate: float, streams: Streams) -> Array:
        """See `Adapter.trace`."""
        given = Arguments(rate, streams)
        return jax.eval_shape(lambda x: self._once(Call(training=True), x, given)[0], x)

    def collections(self, x: Array, *, rate: float) -> frozenset[str]:  # noqa: ARG002
        """See `Adapter.collections`."""
        layer = self._layer(self._rngs({}, training=False), rate=rate, training=False)
        return kinds_of(layer)

    def submodules(self, x: Array, *, rate: float) -> tuple[str, ...]:  # noqa: ARG002
        """See `Adapter.submodules`."""
        return other_submodules(self._trained(Arguments(rate, {self.stream: EVALUATION_SEED})))

    def fresh(self) -> NNXAdapter:
        """See `Adapter.fresh`."""
        return replace(self, weights={})

    def filled(self) -> NNXAdapter:
        """See `Adapter.filled`."""
        return replace(self, weights={}, is_filled=True)

    def with_stream(self, name: str) -> NNXAdapter:
        """See `Adapter.with_stream`."""
        if self.wiring.stream_parameter is None:
            raise Unsupported("its stream has a fixed name")
        return replace(self, stream=name, renamed=True)

    def _mode(self, evaluating: bool | None) -> dict[str, Any]:  # noqa: FBT001
        return self.wiring.mode_as(evaluating=evaluating)

    def _trained(
        self, given: Arguments, *, mapping: Callable[[Any], Any] = dict, **arguments: Any
    ) -> nnx.Module:
        """Return a layer that is built on the streams, in training mode."""
        rngs = self._rngs(given.streams, training=True, mapping=mapping)
        return self._layer(rngs, rate=given.rate, training=True, **arguments)

    def _train(self, layer: Any, x: Array) -> Array:
        return self._call(layer, x, training=True)

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
                weights = nnx.state(built, nnx.Param)
                if self.is_filled:
                    weights = without_zeros(weights)
                self.weights[cached] = weights
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
