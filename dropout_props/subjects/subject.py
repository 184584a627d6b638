"""A subject: a layer under test with its traits, and the operations that properties use.

A `Subject` runs every operation through `dropout_props.subjects.validation`: each output is an
array of the shape and dtype of the reference, or `SubjectError` is raised. It does not look at the
values of an output; properties do. Importing this module loads no framework.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dropout_props.subjects import validation
from dropout_props.subjects.errors import Crashed, SubjectError, Unsupported, WrongOutput
from dropout_props.subjects.operations import Operation
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
    "WrongOutput",
]

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
        """Call the layer once, in one new application.

        Args:
            x: the input, an array of any shape.
            rate: probability that a unit is dropped.
            training: the mode; False is evaluation.
            streams: one key per stream, raw or typed; empty or None gives no key.
            broadcast_dims: axes along which one mask is shared.
            expect_errors: let the layer's own exception through unchanged.

        Returns:
            An array of the shape and dtype of the reference.

        Raises:
            Unsupported: the adapter cannot run this operation.
            SubjectError: the layer raised (unless `expect_errors`), or returned a wrong output.
        """
        arguments = {
            "x": x,
            "rate": rate,
            "training": training,
            "streams": streams or {},
            "broadcast_dims": tuple(broadcast_dims),
        }
        return self._run("call", arguments, expect_errors=expect_errors)[0]

    def call_repeatedly(
        self,
        x: Array,
        *,
        times: int,
        rate: float,
        streams: Streams | None = None,
        broadcast_dims: Sequence[int] = (),
    ) -> tuple[Array, ...]:
        """Call the same layer `times` times in one application, in training mode.

        Args and Raises are those of `call`.

        Returns:
            One array per call.
        """
        arguments = {
            "x": x,
            "times": times,
            "rate": rate,
            "streams": streams or {},
            "broadcast_dims": tuple(broadcast_dims),
        }
        return self._run("call_repeatedly", arguments, num_outputs=times)

    def call_in_modes(
        self, x: Array, *, modes: Sequence[bool], rate: float, streams: Streams | None = None
    ) -> tuple[Array, ...]:
        """Call the same layer once per mode, in one application.

        Args and Raises are those of `call`.

        Args:
            modes: the mode of each call; True is training.

        Returns:
            One array per mode.
        """
        arguments = {"x": x, "modes": tuple(modes), "rate": rate, "streams": streams or {}}
        return self._run("call_in_modes", arguments, num_outputs=len(modes))

    def call_layers(
        self,
        x: Array,
        *,
        names: Sequence[str],
        rate: float,
        times: int = 1,
        streams: Streams | None = None,
    ) -> tuple[Array, ...]:
        """Call one layer per name on `x`, all in one model, in training mode.

        Args and Raises are those of `call`.

        Args:
            names: names of the layers; `a/b` is layer `b` of block `a`.
            times: number of calls of each layer, one after the other.

        Returns:
            `times` arrays per name, grouped by name.
        """
        arguments = {
            "x": x,
            "names": tuple(names),
            "times": times,
            "rate": rate,
            "streams": streams or {},
        }
        return self._run("call_layers", arguments, num_outputs=len(names) * times)

    def call_explicit(
        self,
        x: Array,
        *,
        key: Key,
        rate: float,
        broadcast_dims: Sequence[int] = (),
        streams: Streams | None = None,
    ) -> Array:
        """Call the layer once in training mode, with `key` as an argument of the call.

        Args and Raises are those of `call`.

        Args:
            key: the explicit key, raw or typed.
            streams: further keys; a correct layer ignores them.

        Returns:
            An array of the shape and dtype of the reference.
        """
        arguments = {
            "x": x,
            "key": key,
            "rate": rate,
            "streams": streams or {},
            "broadcast_dims": tuple(broadcast_dims),
        }
        return self._run("call_explicit", arguments)[0]

    def perform(
        self,
        x: Array,
        operation: Operation,
        *,
        rate: float,
        streams: Streams | None = None,
        expect_errors: bool = False,
    ) -> tuple[Array, ...]:
        """Run an operation that is given as data: transforms, modes, steps of the state.

        Args and Raises are those of `call`.

        Args:
            operation: one of the dataclasses of `dropout_props.subjects.operations`.

        Returns:
            `operation.num_outputs` arrays.
        """
        arguments = {"x": x, "operation": operation, "rate": rate, "streams": streams or {}}
        return self._run(
            "perform", arguments, num_outputs=operation.num_outputs, expect_errors=expect_errors
        )

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

    def _run(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        *,
        num_outputs: int | None = None,
        expect_errors: bool = False,
    ) -> tuple[Array, ...]:
        with _whole_products(self.traits):
            output = validation.run(
                lambda: getattr(self.adapter, operation)(**arguments),
                subject=self.name,
                operation=operation,
                arguments=arguments,
                expect_errors=expect_errors,
            )
        if num_outputs is not None and len(output) != num_outputs:
            raise AssertionError(
                f"the adapter of {self.name} returned {len(output)} outputs for {num_outputs}"
            )
        x = arguments["x"]
        if self.traits.reference == "input":
            expected = (tuple(x.shape), str(x.dtype))
        else:
            expected = validation.run(
                lambda: _evaluation_type(
                    self.adapter,
                    tuple(x.shape),
                    str(x.dtype),
                    self._some_rate(),
                    self.traits.stream or "dropout",
                ),
                subject=self.name,
                operation="call",
                arguments={"x": x, "rate": self._some_rate(), "training": False},
            )
        outputs = output if num_outputs is not None else (output,)
        return tuple(
            validation.check(
                one,
                expected=expected,
                subject=self.name,
                operation=operation,
                arguments=arguments,
            )
            for one in outputs
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
            function: returns the output; `key` is None if no key is given.
            name: the name that reports print; by default that of the function.
            source: where the function is defined, as `module:attr`; by default its own module.
            **traits: fields of `Traits`, instead of the usual ones.

        Raises:
            WiringError: the function does not take four positional arguments.
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

    output = jax.eval_shape(
        # The key is for an evaluation that demands one: that is a fault of another property.
        lambda x: adapter.call(x, rate=rate, training=False, streams={stream: jax.random.key(0)}),
        jax.ShapeDtypeStruct(shape, jnp.dtype(dtype)),
    )
    return tuple(output.shape), str(output.dtype)
