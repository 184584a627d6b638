"""The adapter that runs a plain function `f(key, x, rate, deterministic)`.

A function whose parameters have usual names may take them in any order, or by keyword alone. The
key is that of the stream `dropout`, or None if no key is given. A function has no state, so it
repeats its mask for the same key. `Repeat` therefore works only *without* a key: it shows whether
the function has a key of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatchmethod
from typing import Any, NoReturn

import jax

from dropout_props.subjects.errors import Unsupported
from dropout_props.subjects.function_arguments import Named, named_parameters
from dropout_props.subjects.inputs import completed
from dropout_props.subjects.naming import name_of, source_of
from dropout_props.subjects.operations import Call, InModes, Layers, Operation, Repeat, WithKey
from dropout_props.subjects.parts import Parts
from dropout_props.subjects.protocol import Arguments, Array, Key, Streams
from dropout_props.subjects.traits import Traits
from dropout_props.subjects.wiring import TRAIT_FIELDS, refuse_unknown

_STREAM = "dropout"


@dataclass(frozen=True, eq=False)
class FunctionAdapter:
    """Runs a function.

    Attributes:
        function: called as `f(key, x, rate, deterministic)`, or as `named` says.
        traits: what the function is built to do.
        named: its parameters by name, each with what it takes; () for the usual four by position.
    """

    function: Callable[..., Array]
    traits: Traits
    named: Named = ()

    def run(
        self, operation: Operation, x: Array, *, rate: float, streams: Streams, key: Key = None
    ) -> tuple[Array, ...]:
        """See `Adapter.run`."""
        return self._run(operation, x, Arguments(rate, streams, key))

    @singledispatchmethod
    def _run(self, *_: Any) -> tuple[Array, ...]:
        self._refuse("lifted")  # a function belongs to no framework

    @_run.register(Call)
    def _once(self, operation: Call, x: Array, given: Arguments) -> tuple[Array, ...]:
        if operation.broadcast_dims:
            self._refuse("broadcast_dims")
        if not operation.training and not self.traits.eval_mode:
            self._refuse("eval_mode")
        if self.traits.rate is not None and given.rate != self.traits.rate:
            raise Unsupported(f"its rate is fixed at {self.traits.rate}, not {given.rate}")
        key = given.streams.get(_STREAM)
        training = operation.training
        if not self.named:
            return (self.function(key, x, given.rate, not training),)
        values = {"key": key, "x": x, "rate": given.rate, "training": training}
        values["deterministic"] = not training
        return (self.function(**{name: values[what] for name, what in self.named}),)

    @_run.register(Repeat)
    def _repeat(self, operation: Repeat, x: Array, given: Arguments) -> tuple[Array, ...]:
        if given.streams:
            self._refuse("repeat")
        one = Call(training=True, broadcast_dims=operation.broadcast_dims)
        return tuple(self._once(one, x, given)[0] for _ in range(operation.times))

    @_run.register(InModes)
    def _in_modes(self, *_: Any) -> tuple[Array, ...]:
        self._refuse("repeat")  # a function has no state between its calls

    @_run.register(Layers)
    def _layers(self, *_: Any) -> tuple[Array, ...]:
        self._refuse("layers")  # a model cannot hold a function as a layer

    @_run.register(WithKey)
    def _with_key(self, operation: WithKey, x: Array, given: Arguments) -> tuple[Array, ...]:
        one = Call(training=True, broadcast_dims=operation.broadcast_dims)
        return self._once(one, x, Arguments(given.rate, {_STREAM: given.key}))

    def trace(self, x: Array, *, rate: float, streams: Streams) -> Array:
        """See `Adapter.trace`."""
        given = Arguments(rate, streams)
        return jax.eval_shape(lambda x: self._once(Call(training=True), x, given)[0], x)

    def collections(self, x: Array, *, rate: float) -> frozenset[str]:  # noqa: ARG002
        """Return no name: a function holds no variables."""
        return frozenset()

    def submodules(self, x: Array, *, rate: float) -> tuple[str, ...]:  # noqa: ARG002
        """Return no name: a function holds no submodules."""
        return ()

    def fresh(self) -> FunctionAdapter:
        """Return this adapter: it caches nothing."""
        return self

    def filled(self) -> FunctionAdapter:
        """Return this adapter: the parameters of a function are its own."""
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
        WiringError: the function does not take a key, an input, a rate and a mode.
    """
    refuse_unknown(traits, TRAIT_FIELDS)
    name = name or name_of(function)
    named = named_parameters(function, name=name)
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
        adapter=FunctionAdapter(function=function, traits=all_traits, named=named),
        source=source or source_of(function),
    )
