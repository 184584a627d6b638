"""The adapter that runs Linen layers: `module.apply` with one key per stream.

Every operation builds new modules and applies them once. Parameters, where a layer has any, are
initialised in evaluation mode from one fixed key, once per shape and dtype: they are the same in
every call, and no dropout key is used for them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, singledispatchmethod
from types import MappingProxyType
from typing import Any

import flax.linen as nn
import jax
import numpy as np
from flax.core import FrozenDict

from dropout_props.subjects.errors import Unsupported
from dropout_props.subjects.filled import without_zeros
from dropout_props.subjects.keys import raw_key_of_seed
from dropout_props.subjects.linen.lifted import lifted
from dropout_props.subjects.linen.models import Block, Moded, Neighbour, Plan, Repeated
from dropout_props.subjects.linen.submodules import other_submodules
from dropout_props.subjects.linen.variables import cached, updatable, updated
from dropout_props.subjects.naming import tree_of
from dropout_props.subjects.operations import (
    Beside,
    Call,
    Handed,
    InModes,
    Layers,
    Modes,
    Operation,
    Repeat,
    Shared,
    Under,
    WithKey,
)
from dropout_props.subjects.protocol import Arguments, Array, Key, Streams
from dropout_props.subjects.wiring import Wiring

_PARAMS_SEED = 0
_PARAMS = "params"
_STREAM = "dropout"
_MAPPINGS = {"dict": dict, "MappingProxyType": MappingProxyType, "FrozenDict": FrozenDict}
_histories = itertools.count(1)  # nn.jit caches modules by their attributes: this is one


@dataclass(frozen=True, eq=False)
class LinenAdapter:
    """Runs a Linen layer.

    Attributes:
        factory: returns a module.
        wiring: names of the layer's parameters for rate, mode, stream and key.
        fixed_rate: the rate of a layer without a rate parameter.
        stream: the stream to draw from; None for the layer's own.
        own_stream: name of the layer's own stream.
        variables: cache of initialised variables.
        history: adapters with equal numbers share what Flax caches of their modules.
        is_filled: parameters that are all zero have other numbers.
    """

    factory: Callable[..., nn.Module]
    wiring: Wiring
    fixed_rate: float | None = None
    stream: str | None = None
    own_stream: str = _STREAM
    variables: dict[Any, Any] = field(default_factory=dict, repr=False)
    history: int = 0
    is_filled: bool = False

    def run(
        self, operation: Operation, x: Array, *, rate: float, streams: Streams, key: Key = None
    ) -> tuple[Array, ...]:
        """See `Adapter.run`."""
        return self._run(operation, x, Arguments(rate, streams, key))

    @singledispatchmethod
    def _run(self, *_: Any) -> tuple[Array, ...]:
        raise Unsupported("a Linen layer has no state: the caller passes keys to every application")

    @_run.register(Call)
    def _once(self, operation: Call, x: Array, given: Arguments) -> tuple[Array, ...]:
        layer = partial(self._layer, rate=given.rate, broadcast_dims=operation.broadcast_dims)
        training = operation.training
        return (self._apply(layer, x, training=training, streams=given.streams),)

    @_run.register(Repeat)
    def _repeat(self, operation: Repeat, x: Array, given: Arguments) -> tuple[Array, ...]:
        shared, times = operation.broadcast_dims, operation.times

        def model(*, training: bool) -> nn.Module:
            layer = self._layer(rate=given.rate, training=training, broadcast_dims=shared)
            return Repeated(layer=layer, times=times)

        return tuple(self._apply(model, x, streams=given.streams, structure=(times,)))

    @_run.register(InModes)
    def _in_modes(self, operation: InModes, x: Array, given: Arguments) -> tuple[Array, ...]:
        modes = operation.modes
        arguments = tuple(self.wiring.mode_argument("call", training=mode) for mode in modes)
        if not all(arguments):
            raise Unsupported("its mode is fixed when it is built")

        def model(*, training: bool) -> nn.Module:
            layer = self._layer(rate=given.rate, training=training)
            initial = self.wiring.mode_argument("call", training=training)
            return Moded(layer=layer, modes=arguments if training else (initial,))

        return tuple(self._apply(model, x, streams=given.streams, structure=("modes",)))

    @_run.register(Layers)
    def _layers(self, operation: Layers, x: Array, given: Arguments) -> tuple[Array, ...]:
        names = operation.names
        tree = tree_of(names)

        def model(*, training: bool) -> nn.Module:
            layers = [self._layer(rate=given.rate, training=training) for _ in names]
            return Block(plan=Plan(tree, layers), times=operation.times)

        outputs = self._apply(model, x, streams=given.streams, structure=names)
        return tuple(one for position in range(len(names)) for one in outputs[position])

    @_run.register(WithKey)
    def _with_key(self, operation: WithKey, x: Array, given: Arguments) -> tuple[Array, ...]:
        if self.wiring.key_parameter is None:
            raise Unsupported("it takes no key as an argument of the call")
        layer = partial(self._layer, rate=given.rate, broadcast_dims=operation.broadcast_dims)
        extra = {self.wiring.key_parameter: given.key}
        return (self._apply(layer, x, streams=given.streams, extra=extra),)

    @_run.register(Under)
    def _transformed(self, operation: Under, x: Array, given: Arguments) -> tuple[Array, ...]:
        apply = partial(
            self._apply, x=x, streams=given.streams, structure=(operation,), moded=False
        )
        if operation.evaluated:
            apply(partial(self._under, operation, given.rate, evaluating=True))
        return tuple(apply(partial(self._under, operation, given.rate)))

    @_run.register(Modes)
    def _in_places(self, operation: Modes, x: Array, given: Arguments) -> tuple[Array, ...]:
        name = self.wiring.mode_parameter
        if name is None or operation.switched is not None:
            raise Unsupported("a Linen layer has no methods eval() and train()")
        built, called = self._mode(operation.built), self._mode(operation.called)
        if operation.built_open:
            built = {name: None}
        layer = self.factory(**self._arguments(rate=given.rate, training=True), **built)
        return (layer.apply({}, x, **called, rngs=dict(given.streams) or None),)

    @_run.register(Beside)
    def _beside(self, operation: Beside, x: Array, given: Arguments) -> tuple[Array, ...]:
        nowhere = operation.layer == "nowhere"
        layers = [] if nowhere else [self._layer(rate=given.rate, training=True)]
        model = Neighbour(plan=Plan({}, layers), inlined=operation.layer == "model's scope")
        mode: dict[str, Any] = {**self.wiring.mode_argument("call", training=True)}
        return (model.init(dict(given.streams), x, **mode)["params"]["weight"],)

    @_run.register(Shared)
    def _attention(self, operation: Shared, x: Array, given: Arguments) -> tuple[Array, ...]:
        sharing = self.wiring.sharing_arguments(shared=operation.shared)

        def model(*, training: bool) -> nn.Module:
            return self.factory(**self._arguments(rate=given.rate, training=training) | sharing)

        return (self._apply(model, x, streams=given.streams),)

    @_run.register(Handed)
    def _handed(self, operation: Handed, x: Array, given: Arguments) -> tuple[Array, ...]:
        layer = partial(self._layer, rate=given.rate)
        mapping = _MAPPINGS[operation.mapping]
        return (self._apply(layer, x, streams=given.streams, mapping=mapping),)

    def trace(self, x: Array, *, rate: float, streams: Streams) -> Array:
        """See `Adapter.trace`; unlike `run` it initialises no variables."""
        key = raw_key_of_seed(_PARAMS_SEED)
        keys = {_PARAMS: key, self.stream or self.own_stream: key}
        mode: Any = self.wiring.mode_argument

        def train(x: Array) -> Any:
            built = self._layer(rate=rate, training=False)
            variables = built.init(keys, x, **mode("call", training=False))
            layer = self._layer(rate=rate, training=True)
            named = self.wiring.mutable
            mutable = True if named is None else updated(variables, named)
            given = {**mode("call", training=True), "rngs": dict(streams), "mutable": mutable}
            return layer.apply(variables, x, **given)[0]

        return jax.eval_shape(train, x)

    def collections(self, x: Array, *, rate: float) -> frozenset[str]:
        """See `Adapter.collections`."""
        key = raw_key_of_seed(_PARAMS_SEED)
        keys = {_PARAMS: key, self.stream or self.own_stream: key}
        mode: dict[str, Any] = {**self.wiring.mode_argument("call", training=False)}
        layer = self._layer(rate=rate, training=False)
        names: list[str] = []

        def note(x: Array) -> None:  # the names alone: a variable may hold what is no array
            names.extend(layer.init(keys, x, **mode))

        jax.eval_shape(note, x)
        return frozenset([*names, *(self.wiring.mutable or ())])

    def submodules(self, x: Array, *, rate: float) -> tuple[str, ...]:
        """See `Adapter.submodules`."""
        streams = {self.stream or self.own_stream: raw_key_of_seed(_PARAMS_SEED)}
        return other_submodules(lambda: self.trace(x, rate=rate, streams=streams))

    def fresh(self) -> LinenAdapter:
        """See `Adapter.fresh`."""
        return replace(self, variables={}, history=next(_histories))

    def filled(self) -> LinenAdapter:
        """See `Adapter.filled`."""
        return replace(self, variables={}, is_filled=True)

    def with_stream(self, name: str) -> LinenAdapter:
        """See `Adapter.with_stream`."""
        if self.wiring.stream_parameter is None:
            raise Unsupported("its stream has a fixed name")
        return replace(self, stream=name)

    def _mode(self, evaluating: bool | None) -> dict[str, Any]:  # noqa: FBT001
        return self.wiring.mode_as(evaluating=evaluating)

    def _under(
        self, operation: Under, rate: float, *, training: bool, evaluating: bool = False
    ) -> nn.Module:
        modes = (
            self.wiring.mode_argument("call", training=False),
            self.wiring.mode_argument("call", training=True),
        )
        return lifted(
            operation if training else Under("plain"),  # any transform has the same parameters
            self._layer(rate=rate, training=training and not evaluating),
            modes,
            stream=self.stream or _STREAM,
            training=training and not evaluating,
            history=self.history,
        )

    def _layer(
        self, *, rate: float, training: bool, broadcast_dims: Sequence[int] = ()
    ) -> nn.Module:
        arguments = self._arguments(rate=rate, training=training, broadcast_dims=broadcast_dims)
        return self.factory(**arguments)

    def _arguments(
        self, *, rate: float, training: bool, broadcast_dims: Sequence[int] = ()
    ) -> dict[str, Any]:
        return self.wiring.constructor_arguments(
            rate=rate,
            fixed_rate=self.fixed_rate,
            training=training,
            broadcast_dims=broadcast_dims,
            stream=self.stream,
        )

    def _apply(
        self,
        model: Callable[..., nn.Module],
        x: Array,
        *,
        streams: Streams,
        training: bool = True,
        structure: tuple[Any, ...] = (),
        extra: dict[str, Any] | None = None,
        moded: bool = True,
        mapping: Callable[[Any], Any] = dict,
    ) -> Any:
        mode: dict[str, Any] = {}
        if moded:
            mode = {**self.wiring.mode_argument("call", training=training)}
        variables = self._variables(model, x, structure=structure, moded=moded)
        # BatchNorm and others update their collections in training: nothing here reads them again.
        mutable = updated(variables, self.wiring.mutable) if training else []
        output = model(training=training).apply(
            updatable(variables),
            x,
            **mode,
            **(extra or {}),
            rngs=mapping(dict(streams)) if streams else None,
            mutable=mutable or False,
        )
        return output[0] if mutable else output

    def _variables(
        self, model: Callable[..., nn.Module], x: Array, *, structure: tuple[Any, ...], moded: bool
    ) -> Any:
        known_by = (structure, tuple(x.shape), str(x.dtype))
        if known_by not in self.variables:
            mode: dict[str, Any] = {}
            if moded:
                mode = {**self.wiring.mode_argument("call", training=False)}
            # Concrete even inside vmap and jit: a tracer in this cache would outlive its trace.
            with jax.ensure_compile_time_eval():
                # The layer's own stream too: an evaluation that draws fails as an evaluation.
                key = raw_key_of_seed(_PARAMS_SEED)
                found = model(training=False).init(
                    {"params": key, self.stream or self.own_stream: key},
                    jax.device_put(np.zeros(x.shape, x.dtype)),  # it compiles nothing
                    **mode,
                )
                held = cached(found)
                if self.is_filled and _PARAMS in held:
                    held = {**held, _PARAMS: without_zeros(held[_PARAMS])}
                self.variables[known_by] = held
        return self.variables[known_by]
