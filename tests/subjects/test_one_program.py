"""A function runs as one program, which only functions of the same operations share."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.engine.compilations import counted
from dropout_props.layers import registry
from dropout_props.properties.bits import same_bits
from dropout_props.subjects.compiled.adapter import in_one_program
from dropout_props.subjects.compiled.one_program import is_traced, one_program
from dropout_props.subjects.operations import Layers, Repeat
from dropout_props.subjects.subject import Subject

_X = np.arange(1.0, 12.0, dtype=np.float32)


def _once(function: Callable[[], Any]) -> Any:
    """Return the result of one program, which was compiled: nothing was called eagerly."""
    with counted() as compiled:
        result = one_program(function)
    assert compiled.count <= 1
    return result


def test_inputs_and_numbers_are_arguments_of_one_program() -> None:
    """Another input and another number give their own result, without another compilation."""
    one_program(lambda: jnp.sqrt(jax.device_put(_X) * 3.0))
    with counted() as compiled:
        result = one_program(lambda: jnp.sqrt(jax.device_put(2 * _X) * 5.0))
    assert compiled.count == 0
    assert same_bits(result, np.sqrt(2 * _X * np.float32(5.0)))


@pytest.mark.parametrize(
    "make",
    [
        lambda n: lambda x: jnp.roll(x, n),
        lambda n: jax.jit(lambda x: x * float(n)),
        lambda n: jax.jit(lambda x: x + np.full(11, n, np.float32)),
        lambda n: lambda x: jax.lax.scan(lambda c, y: (c, y * float(n)), 0, x)[1],
        lambda n: lambda x: jax.pure_callback(lambda y: y + np.float32(n), x, x),
        lambda n: lambda x: jax.lax.cond(x[0] > 0, lambda: x + float(n), lambda: x),
    ],
    ids=["parameter", "inner number", "inner array", "body", "callback", "branch"],
)
def test_functions_that_differ_inside_share_no_program(make: Callable[[int], Any]) -> None:
    """A static parameter, a constant of an inner program or a callback makes another program."""
    x = jax.device_put(_X)
    for number in (1, 2, 3):
        function = make(number)
        assert same_bits(one_program(partial(function, x)), function(x)), number


def test_python_code_runs_at_every_call() -> None:
    """A number that the host draws is another one in the second call."""
    generator = np.random.default_rng(0)

    def noisy() -> Any:
        return jax.device_put(_X) + float(generator.random())

    assert not same_bits(one_program(noisy), one_program(noisy))


def test_half_precision_is_rounded_as_eagerly() -> None:
    """XLA keeps no more digits between two operations than their dtype has."""

    def coarse() -> Any:
        x = jax.device_put(_X) / 3.0
        return (x.astype(jnp.bfloat16).astype(jnp.float32) + 1e-3).astype(jnp.bfloat16) * 3

    assert same_bits(_once(coarse), coarse())


def test_an_output_of_numpy_keeps_its_dtype() -> None:
    """A program would return float32."""
    assert one_program(lambda: np.ones(3)).dtype == np.float64


def test_an_error_is_that_of_the_function() -> None:
    """Nothing of the tracing shows."""

    def wrong() -> Any:
        raise KeyError("stream")

    with pytest.raises(KeyError, match="stream"):
        one_program(wrong)


def test_a_function_that_reads_values_is_called_eagerly() -> None:
    """It could not be traced."""
    x = jax.device_put(_X)
    assert one_program(lambda: x + 1 if float(jnp.sum(x)) > 0 else x)[0] == 2.0


def test_inside_a_traced_program_it_is_a_part_of_it() -> None:
    """Otherwise its result would be a constant of the program around it."""
    seen = []

    def body(y: Any) -> Any:
        seen.append(is_traced())
        return one_program(lambda: jax.device_put(_X) + 1) + y

    assert same_bits(jax.jit(body)(1.0), _X + 2)
    assert seen == [True]


@pytest.mark.parametrize("name", ["linen.Dropout", "nnx.Dropout"])
def test_a_layer_compiles_nothing_for_another_rate_and_key(name: str) -> None:
    """One call, two calls and two layers of Flax share their programs, and give the eager bits."""
    subject = registry.load(name)
    quick, x = in_one_program(subject), jax.device_put(_X)

    def outputs(subject: Subject, rate: float) -> list[Any]:
        given: dict[str, Any] = {
            "rate": rate,
            "streams": {"dropout": jax.random.key(int(9 * rate))},
        }
        return [
            subject.call(x, training=True, **given),
            *subject.run(Repeat(2), x, **given),
            *subject.run(Layers(("a", "b/c")), x, **given),
        ]

    outputs(quick, 0.5)
    with counted() as compiled:
        seen = outputs(quick, 0.3)
    assert compiled.count == 0
    for number, (one, other) in enumerate(zip(seen, outputs(subject, 0.3), strict=True)):
        assert same_bits(one, other), number
