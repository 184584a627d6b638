"""Who is asked: a layer, its traits, and the few operations that properties are made of.

A ``Subject`` puts every question through the door (``dropout_props.subjects.validation``): the
answer is an array of the reference's shape and dtype, or ``SubjectError`` is raised. It says
nothing about the values of the answer; properties do. Importing this module loads no framework.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dropout_props.subjects import validation
from dropout_props.subjects.errors import Crashed, SubjectError, Unsupported, WrongAnswer
from dropout_props.subjects.operations import Program
from dropout_props.subjects.protocol import Adapter, Array, Key, Streams
from dropout_props.subjects.traits import Traits

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from dropout_props.subjects.options import FunctionOptions, LinenOptions, NNXOptions

__all__ = [
    "Adapter",
    "Array",
    "Crashed",
    "Key",
    "Streams",
    "Subject",
    "SubjectError",
    "Traits",
    "Unsupported",
    "WrongAnswer",
]

_REFERENCE_RATE = 0.5  # an evaluation output does not depend on the rate


@dataclass(frozen=True)
class Subject:
    """A layer that can be asked.

    Attributes:
        name: what reports call it.
        traits: what it is built to do.
        adapter: how its framework is asked.
        source: where it comes from, as ``module:attr``; empty when it has no such place.
    """

    name: str
    traits: Traits
    adapter: Adapter
    source: str = ""

    def call(
        self,
        x: Array,
        *,
        rate: float,
        training: bool,
        streams: Streams | None = None,
        broadcast_dims: Sequence[int] = (),
        expect_errors: bool = False,
    ) -> Array:
        """Calls the layer once, in one fresh application.

        Args:
            x: the input, any shape.
            rate: chance that a unit is dropped.
            training: the mode; False is evaluation.
            streams: one key a stream, raw or typed; empty or None gives no key.
            broadcast_dims: axes along which one mask is shared.
            expect_errors: lets the framework's own exception through untouched.

        Returns:
            An array of the reference's shape and dtype.

        Raises:
            Unsupported: the adapter cannot do this.
            SubjectError: the layer raised (unless ``expect_errors``), or gave a wrong answer.
        """
        arguments = {
            "x": x,
            "rate": rate,
            "training": training,
            "streams": streams or {},
            "broadcast_dims": tuple(broadcast_dims),
        }
        return self._ask("call", arguments, expect_errors=expect_errors)[0]

    def call_repeatedly(
        self,
        x: Array,
        *,
        times: int,
        rate: float,
        streams: Streams | None = None,
        broadcast_dims: Sequence[int] = (),
    ) -> tuple[Array, ...]:
        """Calls the same layer ``times`` times in one application, in training.

        Args and Raises are those of ``call``.

        Returns:
            One array a call.
        """
        arguments = {
            "x": x,
            "times": times,
            "rate": rate,
            "streams": streams or {},
            "broadcast_dims": tuple(broadcast_dims),
        }
        return self._ask("call_repeatedly", arguments, answers=times)

    def call_in_modes(
        self, x: Array, *, modes: Sequence[bool], rate: float, streams: Streams | None = None
    ) -> tuple[Array, ...]:
        """Calls the same layer once a mode, in one application.

        Args and Raises are those of ``call``.

        Args:
            modes: the mode of each call; True is training.

        Returns:
            One array a mode.
        """
        arguments = {"x": x, "modes": tuple(modes), "rate": rate, "streams": streams or {}}
        return self._ask("call_in_modes", arguments, answers=len(modes))

    def call_layers(
        self,
        x: Array,
        *,
        names: Sequence[str],
        rate: float,
        times: int = 1,
        streams: Streams | None = None,
    ) -> tuple[Array, ...]:
        """Calls one layer a name on ``x``, all in one model, in training.

        Args and Raises are those of ``call``.

        Args:
            names: names of the layers; ``a/b`` puts layer b in block a.
            times: calls of each layer, one after the other.

        Returns:
            ``times`` arrays a name, those of one name together.
        """
        arguments = {
            "x": x,
            "names": tuple(names),
            "times": times,
            "rate": rate,
            "streams": streams or {},
        }
        return self._ask("call_layers", arguments, answers=len(names) * times)

    def call_explicit(
        self,
        x: Array,
        *,
        key: Key,
        rate: float,
        broadcast_dims: Sequence[int] = (),
        streams: Streams | None = None,
    ) -> Array:
        """Calls the layer once in training, with ``key`` handed to the call itself.

        Args and Raises are those of ``call``.

        Args:
            key: the explicit key, raw or typed.
            streams: other keys, which must not matter.

        Returns:
            An array of the reference's shape and dtype.
        """
        arguments = {
            "x": x,
            "key": key,
            "rate": rate,
            "streams": streams or {},
            "broadcast_dims": tuple(broadcast_dims),
        }
        return self._ask("call_explicit", arguments)[0]

    def perform(
        self,
        x: Array,
        program: Program,
        *,
        rate: float,
        streams: Streams | None = None,
        expect_errors: bool = False,
    ) -> tuple[Array, ...]:
        """Does to the layer what a program says: transforms, modes, steps of its state.

        Args and Raises are those of ``call``.

        Args:
            program: one of ``dropout_props.subjects.operations``.

        Returns:
            One array an answer of the program.
        """
        arguments = {"x": x, "program": program, "rate": rate, "streams": streams or {}}
        return self._ask("perform", arguments, answers=program.answers, expect_errors=expect_errors)

    def fresh(self) -> Subject:
        """Returns the same subject, with nothing remembered of what it was asked before."""
        return replace(self, adapter=self.adapter.fresh())

    def named_stream(self, name: str) -> Subject:
        """Returns the same subject, whose layers draw from the stream ``name``.

        Raises:
            Unsupported: the name of its stream cannot be chosen.
        """
        return replace(
            self,
            adapter=self.adapter.named_stream(name),
            traits=replace(self.traits, stream=name),
        )

    def reference(self, x: Array, *, rate: float | None = None) -> Array:
        """Returns what a training output is measured by: ``x``, or the evaluation output.

        Args:
            x: the input.
            rate: rate of the model that is evaluated; a correct one does not depend on it.

        Raises:
            SubjectError: the evaluation raised.
        """
        if self.traits.reference == "input":
            return x
        return self.call(x, rate=self._some_rate(rate), training=False)

    def _some_rate(self, rate: float | None = None) -> float:
        if rate is not None:
            return rate
        return _REFERENCE_RATE if self.traits.rate is None else self.traits.rate

    def _ask(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        *,
        answers: int | None = None,
        expect_errors: bool = False,
    ) -> tuple[Array, ...]:
        answer = validation.ask(
            lambda: getattr(self.adapter, operation)(**arguments),
            subject=self.name,
            operation=operation,
            arguments=arguments,
            expect_errors=expect_errors,
        )
        if answers is not None and len(answer) != answers:
            raise AssertionError(f"adapter of {self.name} gave {len(answer)} answers to {answers}")
        x = arguments["x"]
        if self.traits.reference == "input":
            expected = (tuple(x.shape), str(x.dtype))
        else:
            expected = validation.ask(
                lambda: _evaluation_type(
                    self.adapter, tuple(x.shape), str(x.dtype), self._some_rate()
                ),
                subject=self.name,
                operation="call",
                arguments={"x": x, "rate": self._some_rate(), "training": False},
            )
        several = answer if answers is not None else (answer,)
        return tuple(
            validation.check(
                one,
                expected=expected,
                subject=self.name,
                operation=operation,
                arguments=arguments,
            )
            for one in several
        )

    @classmethod
    def linen(
        cls,
        factory: Callable[..., Any],
        *,
        name: str = "",
        source: str = "",
        **options: Unpack[LinenOptions],
    ) -> Subject:
        """Makes a subject of a Linen layer, in one line: ``Subject.linen(MyDropout)``.

        Args:
            factory: an ``nn.Module`` class, or a callable that returns a module. It takes the
                rate and, unless the module's call does, the mode.
            name: what reports call it; by default the factory's own name.
            source: where it comes from, as ``module:attr``; by default the factory's place.
            **options: fields of ``Traits`` and of ``subjects.wiring.Wiring`` to set by hand.

        Raises:
            WiringError: it cannot be inferred how the layer takes its rate or its mode.
        """
        from dropout_props.subjects.linen.build import linen_parts

        return cls(*linen_parts(factory, name=name, source=source, **options))

    @classmethod
    def nnx(
        cls,
        factory: Callable[..., Any],
        *,
        name: str = "",
        source: str = "",
        **options: Unpack[NNXOptions],
    ) -> Subject:
        """Makes a subject of an NNX layer, in one line: ``Subject.nnx(MyDropout)``.

        Args:
            factory: an ``nnx.Module`` class, or a callable that returns a module. It takes the
                rate and ``rngs``.
            name: what reports call it; by default the factory's own name.
            source: where it comes from, as ``module:attr``; by default the factory's place.
            **options: fields of ``Traits`` and of ``subjects.wiring.Wiring`` to set by hand.

        Raises:
            WiringError: it cannot be inferred how the layer takes its rate or its mode.
        """
        from dropout_props.subjects.nnx.build import nnx_parts

        return cls(*nnx_parts(factory, name=name, source=source, **options))

    @classmethod
    def function(
        cls,
        function: Callable[..., Any],
        *,
        name: str = "",
        source: str = "",
        **traits: Unpack[FunctionOptions],
    ) -> Subject:
        """Makes a subject of ``f(key, x, rate, deterministic)``.

        Args:
            function: returns the output; ``key`` is None when no key is given.
            name: what reports call it; by default the function's own name.
            source: where it comes from, as ``module:attr``; by default the function's place.
            **traits: fields of ``Traits`` to set by hand.

        Raises:
            WiringError: the function does not take four arguments by position.
        """
        from dropout_props.subjects.function import function_parts

        return cls(*function_parts(function, name=name, source=source, **traits))


@lru_cache(maxsize=512)
def _evaluation_type(
    adapter: Adapter, shape: tuple[int, ...], dtype: str, rate: float
) -> tuple[tuple[int, ...], str]:
    import jax
    import jax.numpy as jnp

    answer = jax.eval_shape(
        lambda x: adapter.call(x, rate=rate, training=False, streams={}),
        jax.ShapeDtypeStruct(shape, jnp.dtype(dtype)),
    )
    return tuple(answer.shape), str(answer.dtype)
