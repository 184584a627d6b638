"""Programs are shared, moved by NumPy and traced seldom, and give what eager calls give."""

from functools import partial
from importlib import import_module
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.engine.compilations import counted
from dropout_props.properties.bits import same_bits
from dropout_props.subjects.compiled import quick
from dropout_props.subjects.compiled.groups import grouped
from dropout_props.subjects.compiled.one_program import Repeated, is_traced, one_program
from dropout_props.subjects.compiled.steps import traced

_HOLDER: Any = jax if hasattr(jax, "enable_x64") else import_module("jax.experimental")
_X = np.arange(1.0, 14.0, dtype=np.float32)


def _dropped(key: Any, path: int) -> Any:
    mask = jax.random.bernoulli(jax.random.fold_in(key, path), 0.3, _X.shape)
    return jnp.where(mask, jax.device_put(_X) / 0.3, 0.0)


def test_calls_share_the_programs_of_one_call() -> None:
    """A key, a draw and an output are three programs, however many calls there are."""
    key = jax.random.key(np.uint32(3))
    one_program(lambda: [_dropped(key, 0)], split=True)
    with counted() as compiled:
        seen = one_program(lambda: [_dropped(key, path) for path in range(5)], split=True)
    assert compiled.count == 0
    assert all(same_bits(one, _dropped(key, path)) for path, one in enumerate(seen))


def test_derivations_share_their_steps() -> None:
    """One layer folds a number in once, another one twice, after a sum of counts."""
    key, count = jax.random.key(np.uint32(3)), jax.device_put(np.uint32(2**32 - 1))
    one_program(lambda: _dropped(key, 0), split=True)

    def counting() -> Any:
        once = jax.random.fold_in(jax.random.clone(key), count + np.uint32(2))
        raw = jax.random.key_data(once)
        return _dropped(jax.random.wrap_key_data(raw), 4), count + np.uint32(1), raw

    with counted() as compiled:
        seen = one_program(counting, split=True)
    assert compiled.count == 0
    assert all(same_bits(one, other) for one, other in zip(seen, counting(), strict=True))


def test_a_draw_that_depends_on_a_draw_comes_after_it() -> None:
    """The second key is made of bits, and so is the third."""
    key = jax.random.key(np.uint32(3))

    def chain() -> Any:
        found, now = [], key
        for _ in range(3):
            bits = jax.random.bits(now, (2,), np.uint32)
            now = jax.random.fold_in(now, bits[0])
            found.append(bits)
        return found

    expected = chain()
    seen = one_program(chain, split=True)
    assert all(same_bits(one, other) for one, other in zip(seen, expected, strict=True))


def test_groups_hold_every_step_once_and_in_order() -> None:
    """Each group runs after those that make its operands."""
    key = jax.random.key(np.uint32(3))
    trace = traced(lambda: sum(_dropped(key, path) for path in range(3)))
    groups = grouped(trace.steps, trace.outputs)
    known = set(trace.values)
    for group in groups:
        for step in group:
            assert known.issuperset(step.operands)
            known.update(step.results)
    assert sorted(map(id, trace.steps)) == sorted(id(step) for group in groups for step in group)


def test_what_no_output_needs_is_not_compiled() -> None:
    """A draw whose result is dropped makes no program."""
    key = jax.random.key(np.uint32(3))

    def wasteful() -> Any:
        jax.random.normal(key, (17, 3))
        return jnp.zeros((17, 3))

    with counted() as compiled:
        assert not np.asarray(one_program(wasteful)).any()
    assert compiled.count == 0


@pytest.mark.parametrize(
    "move",
    [
        lambda x: jnp.stack([x, x], axis=1),
        lambda x: jnp.concatenate([x, x[:]], axis=0),
        lambda x: jnp.broadcast_to(x, (2, *x.shape)),
        lambda x: jnp.transpose(x[:, None]),
        lambda x: jnp.squeeze(x[None, :, None], axis=(0, 2)),
        lambda x: jnp.zeros((3, 2), x.dtype),
    ],
    ids=["stack", "concatenate", "broadcast", "transpose", "squeeze", "zeros"],
)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8"])
def test_moves_of_numpy_are_those_of_jax(move: Any, dtype: str) -> None:
    """Every unit is where JAX puts it, with its bits; nothing is compiled."""
    x = jnp.asarray(np.array([0.0, -0.0, np.nan, 3.0, 7.0]).astype(np.float32)).astype(dtype)
    expected = move(x)
    with counted() as compiled:
        seen = one_program(partial(move, x))
    assert same_bits(seen, expected)
    assert compiled.count == 0


def test_whether_something_is_traced_compiles_nothing() -> None:
    """Also under a flag that makes a number another one."""
    with counted() as compiled, _HOLDER.enable_x64(True):
        assert not is_traced()
        found: list[bool] = []
        jax.make_jaxpr(lambda: found.append(is_traced()))()
    assert found == [True]
    assert compiled.count == 0


def test_a_function_of_equal_traces_is_traced_twice() -> None:
    """Functions of one code and of the same objects are one function, for any argument."""
    calls, repeated, x = [], Repeated(), jax.device_put(_X)

    def function(scale: float) -> Any:
        def scaled(y: Any) -> Any:
            calls.append(scale)
            return x * y * scale

        return scaled

    for number in range(4):
        y = jax.device_put(np.float32(number))
        assert same_bits(repeated(function(2.0), y), _X * np.float32(2 * number))
    assert len(calls) == 2
    assert same_bits(repeated(function(3.0), x), _X * _X * np.float32(3))
    assert len(calls) == 3, "another number in its closure makes another function"


def test_a_function_whose_traces_differ_is_traced_at_every_call() -> None:
    """It draws on the host, as some wrong layers do."""
    generator, repeated = np.random.default_rng(0), Repeated()

    def noisy(y: Any) -> Any:
        return y + float(generator.random())

    seen = {float(repeated(noisy, jax.device_put(np.float32(0)))) for _ in range(5)}
    assert len(seen) == 5


def test_a_function_that_cannot_be_traced_is_called() -> None:
    """It reads a value, at every call."""
    repeated = Repeated()

    def reads(y: Any) -> Any:
        return y + 1 if float(y) > 0 else y

    assert [float(repeated(reads, jax.device_put(np.float32(n)))) for n in (0, 1)] == [0.0, 2.0]


def test_a_compiler_that_does_not_know_an_option_compiles_without_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Releases of XLA gain and lose options; an error of another kind is raised."""
    monkeypatch.setattr(quick, "_EMITTERS", {"xla_cpu_no_such_option": True})
    monkeypatch.setattr(quick, "_unknown", set())
    lowered = jax.jit(lambda x: x + 1).lower(_X)
    program = quick.quickly_compiled(lowered, units=13, platform="cpu")
    assert same_bits(program(_X), _X + 1)
    monkeypatch.setattr(quick, "_ROUNDED", {"xla_no_such_option": True})
    with pytest.raises(Exception, match="xla_no_such_option"):
        quick.quickly_compiled(lowered, units=13, platform="cpu")


def _with_keyword(value: float) -> Any:
    def scaled(x: Any, *, scale: float = value) -> Any:
        return x * scale

    return scaled


def _with_global(value: float) -> Any:
    names: dict[str, Any] = {"scale": value}
    exec("def scaled(x): return x * scale", names)  # noqa: S102 (as a notebook does)
    return names["scaled"]


@pytest.mark.parametrize("make", [_with_keyword, _with_global], ids=["keyword", "global"])
def test_functions_of_one_code_that_see_other_values_are_two(make: Any) -> None:
    """A default of a keyword and a global are seen, as a variable of the closure is."""
    repeated, x = Repeated(), jax.device_put(np.float32(1))
    seen = [float(repeated(make(scale), x)) for scale in (2.0, 2.0, 2.0, 3.0)]
    assert seen == [2.0, 2.0, 2.0, 3.0]


def test_an_object_that_died_is_not_taken_for_a_new_one() -> None:
    """The variable of one loop is bound to objects that have one `id`, one after the other."""

    class Scale:
        def __init__(self, value: float) -> None:
            self.value = value

    repeated, x, seen = Repeated(), jax.device_put(np.float32(1)), []
    for number in range(1, 4):
        scale = None  # the object of the round before dies
        scale = Scale(float(number))
        seen += [float(repeated(lambda y: y * scale.value, x)) for _ in range(3)]  # noqa: B023
    assert seen == [1.0] * 3 + [2.0] * 3 + [3.0] * 3


def test_a_function_that_calls_itself_is_called() -> None:
    """It is in its own closure, beside a variable that has no value yet."""

    def twice(x: Any, left: int = 2) -> Any:
        return twice(x, left - 1) * 2 if left else x

    def unready(x: Any) -> Any:
        return x if x.ndim == 0 else later

    repeated, x = Repeated(), jax.device_put(np.float32(1))
    assert [float(repeated(twice, x)) for _ in range(3)] == [4.0] * 3
    assert float(repeated(unready, x)) == 1.0
    later = None


def test_another_flag_of_jax_makes_another_trace() -> None:
    """The flag changes the bits of a key, and shows in no argument."""
    repeated, key = Repeated(), jax.random.key(np.uint32(3))

    def drawn(key: Any) -> Any:
        return jax.random.bits(key, (5,), np.uint32)

    seen = [repeated(drawn, key) for _ in range(3)][-1]
    before = bool(jax.config.jax_threefry_partitionable)  # type: ignore[attr-defined]
    with jax.threefry_partitionable(not before):
        assert same_bits(repeated(drawn, key), drawn(key))
        assert not same_bits(repeated(drawn, key), seen)


def test_an_output_of_64_bits_keeps_them() -> None:
    """The function sets the flag for itself; a program that is called without it would cut them."""

    def wide() -> Any:
        with _HOLDER.enable_x64(True):
            return jnp.zeros((3, 2), jnp.float64)

    assert str(one_program(wide).dtype) == "float64"
