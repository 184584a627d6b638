"""A subject: a layer under test with its traits, which runs operations.

A `Subject` runs every operation through `dropout_props.subjects.validation`: each output is an
array of the shape and dtype of the reference, or `SubjectError` is raised. It does not look at the
values of an output; properties do. Importing this module loads no framework.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dropout_props.subjects import validation
from dropout_props.subjects.errors import Crashed, SubjectError, Unsupported, WrongOutput
from dropout_props.subjects.operations import Call, Operation, WithKey
from dropout_props.subjects.protocol import Adapter, Array, Key, Streams
from dropout_props.subjects.traits import Traits
from dropout_props.subjects.validation import About

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
    "WrongOutput",
]

_EVALUATION = Call(training=False)
_REFERENCE_RATE = 0.5  # any rate will do: an evaluation output does not depend on it


@dataclass(frozen=True)
class Subject:
    """A layer or model under test.

    Attributes:
        name: the name that reports print.
        traits: what the layer is built to do.
        adapter: runs the layer on its framework.
        source: where the layer is defined, as `module:attr`; empty if it cannot be imported.
    """

    name: str
    traits: Traits
    adapter: Adapter
    source: str = ""

    def run(
        self,
        operation: Operation,
        x: Array,
        *,
        rate: float,
        streams: Streams | None = None,
        key: Key = None,
        expect_errors: bool = False,
    ) -> tuple[Array, ...]:
        """Run an operation on the layer: `first, second = subject.run(Repeat(2), x, rate=0.5)`.

        Args:
            operation: what the layer has to do, one of the dataclasses of
                `dropout_props.subjects.operations`: `Call(training=True)`, `Repeat(3)` in one
                application, `InModes((True, False))`, `Layers(("a", "block/b"))` in one model,
                `WithKey()`, `Under("jit")` and others.
            x: the input, an array of any shape.
            rate: probability that a unit is dropped.
            streams: one key per stream, raw or typed; empty or None gives no key.
            key: the argument of the call, raw or typed, for the operation `WithKey` alone.
            expect_errors: let the layer's own exception through unchanged.

        Returns:
            `operation.num_outputs` arrays of the shape and dtype of the reference.

        Raises:
            Unsupported: the adapter cannot run this operation.
            SubjectError: the layer raised (unless `expect_errors`), or returned a wrong output.
            ValueError: `WithKey` has no key, or another operation has one.
        """
        if isinstance(operation, WithKey) is (key is None):
            raise ValueError(
                f"{operation!r} with key={'None' if key is None else '...'}: WithKey takes a key, "
                "and no other operation does; give the keys of the streams as streams="
            )
        streams = streams or {}
        about = About(self.name, operation, x, rate=rate, streams=streams)
        with _whole_products(self.traits):
            outputs = validation.run(
                lambda: self.adapter.run(operation, x, rate=rate, streams=streams, key=key),
                about=about,
                expect_errors=expect_errors,
            )
        if len(outputs) != operation.num_outputs:
            raise AssertionError(
                f"the adapter of {self.name} returned {len(outputs)} outputs for "
                f"{operation.num_outputs}"
            )
        expected = self._expected(x)
        return tuple(validation.check(one, expected=expected, about=about) for one in outputs)

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
        """Call the layer once, in one new application: `run` with the operation `Call`.

        Args and Raises are those of `run`.

        Args:
            training: the mode; False is evaluation.
            broadcast_dims: axes along which one mask is shared.

        Returns:
            An array of the shape and dtype of the reference.
        """
        operation = Call(training=training, broadcast_dims=tuple(broadcast_dims))
        return self.run(operation, x, rate=rate, streams=streams, expect_errors=expect_errors)[0]

    def fresh(self) -> Subject:
        """Return an equal subject that shares no cache with this one."""
        return replace(self, adapter=self.adapter.fresh())

    def with_stream(self, name: str) -> Subject:
        """Return an equal subject whose layers draw from the stream `name`.

        Raises:
            Unsupported: the name of the stream is fixed.
        """
        return replace(
            self,
            adapter=self.adapter.with_stream(name),
            traits=replace(self.traits, stream=name),
        )

    def reference(self, x: Array, *, rate: float | None = None) -> Array:
        """Return the array that training outputs are compared with: `x`, or the evaluation output.

        Args:
            x: the input.
            rate: rate of the model that is evaluated; a correct evaluation does not depend on it.

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

    def _expected(self, x: Array) -> validation.Expected:
        """Return shape and dtype of the reference of an input."""
        if self.traits.reference == "input":
            return tuple(x.shape), str(x.dtype)
        rate, stream = self._some_rate(), self.traits.stream or "dropout"
        return validation.run(
            lambda: _evaluation_type(self.adapter, tuple(x.shape), str(x.dtype), rate, stream),
            about=About(self.name, _EVALUATION, x, rate=rate),
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
        """Make a subject from a Linen layer, in one line: `Subject.linen(MyDropout)`.

        Args:
            factory: an `nn.Module` class, or a callable that returns a module. It takes the
                rate and, unless the call of the module takes it, the mode.
            name: the name that reports print; by default that of the factory.
            source: where the layer is defined, as `module:attr`; by default that of the factory.
            **options: fields of `Traits` and of `subjects.wiring.Wiring`, instead of inferred ones.

        Raises:
            WiringError: no parameter has a usual name for the rate, or for the mode.
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
        """Make a subject from an NNX layer, in one line: `Subject.nnx(MyDropout)`.

        Args:
            factory: an `nnx.Module` class, or a callable that returns a module. It takes the
                rate and `rngs`.
            name: the name that reports print; by default that of the factory.
            source: where the layer is defined, as `module:attr`; by default that of the factory.
            **options: fields of `Traits` and of `subjects.wiring.Wiring`, instead of inferred ones.

        Raises:
            WiringError: no parameter has a usual name for the rate, or for the mode.
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
        """Make a subject from a function `f(key, x, rate, deterministic)`.

        Args:
            function: returns the output; `key` is None if no key is given. Parameters that have
                usual names, as `rng` or `training`, may come in any order, or by keyword alone.
            name: the name that reports print; by default that of the function.
            source: where the function is defined, as `module:attr`; by default its own module.
            **traits: fields of `Traits`, instead of the usual ones.

        Raises:
            WiringError: the function does not take a key, an input, a rate and a mode.
        """
        from dropout_props.subjects.function import function_parts

        return cls(*function_parts(function, name=name, source=source, **traits))


def _whole_products(traits: Traits) -> AbstractContextManager[Any]:
    """Let the matrix products of a model have all digits of float32, also on a GPU or a TPU.

    These round the factors to TF32 or bfloat16 by default, in one program and not in another, and
    two outputs of one key would differ by more than rounding.
    """
    if traits.reference == "input":
        return nullcontext()
    import jax

    if jax.default_backend() == "cpu":
        return nullcontext()
    return jax.default_matmul_precision("highest")


@lru_cache(maxsize=512)
def _evaluation_type(
    adapter: Adapter, shape: tuple[int, ...], dtype: str, rate: float, stream: str
) -> tuple[tuple[int, ...], str]:
    import jax
    import jax.numpy as jnp

    from dropout_props.subjects.keys import key_of_seed

    output = jax.eval_shape(
        # The key is for an evaluation that demands one: that is a fault of another property.
        lambda x: adapter.run(_EVALUATION, x, rate=rate, streams={stream: key_of_seed(0)})[0],
        jax.ShapeDtypeStruct(shape, jnp.dtype(dtype)),
    )
    return tuple(output.shape), str(output.dtype)
