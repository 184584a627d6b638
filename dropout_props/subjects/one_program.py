"""Runs a function of concrete arrays as one compiled program, which equal functions share.

Called operation by operation, a layer compiles each primitive for each shape, and under `jax.jit`
it compiles again for each rate, which is a constant of its program. Here the function is traced at
every call, with its concrete arguments: all its Python code runs, as in an eager call. Then every
constant of the trace (inputs, keys, `keep`) becomes an argument, and the program is compiled for
the operations that are left: one program for all keys, inputs and rates that lead to the same
operations on the same shapes.

Guarantees: a program is used again only for equal operations with equal parameters; where a
function cannot be traced, has effects, or returns anything but arrays of JAX, it is called eagerly.
Operations are rounded as they are eagerly, to the dtype of each, except where XLA contracts or
reorders arithmetic: values may differ in their last places, so no verdict of FAIL rests on this
(see `dropout_props.engine.decide`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

__all__ = ["forget", "is_traced", "one_program"]

_MOST = 2048
# Each result is rounded to its dtype, as eagerly.
_OPTIONS: dict[str, str | bool] = {"xla_allow_excess_precision": False}
_CONTEXT = (  # under which flags an operation was traced; each release has some of them
    "compute_type", "threefry_partitionable", "cur_abstract_mesh", "cur_layout_mode",
    "remove_size_one_mesh_axis", "no_collectives", "xla_metadata", "configs",
)  # fmt: skip
_OF_BITS = ("threefry_partitionable", "configs")  # they change nothing else
_BITS = ("random_bits", "threefry2x32", "rng_bit_generator", "rng_uniform")
_KEYS = ("random_fold_in", "random_split", "random_seed", "random_wrap", "random_unwrap",
         "random_clone", "threefry2x32")  # fmt: skip
_programs: dict[Any, Any] = {}


class _NotOneProgram(Exception):
    """The function is to be called eagerly."""


@dataclass(frozen=True)
class _Step:
    """One operation of a trace, on values that are known by their numbers."""

    equation: Any
    operands: tuple[int, ...]
    results: tuple[int, ...]


def one_program(function: Callable[[], Any], *, split: bool = False) -> Any:
    """Return `function()`, an array or a pytree of arrays, from one compiled program.

    Args:
        function: it closes over concrete arrays; it may be called twice.
        split: compile the derivation of keys, each draw of random bits and the rest as programs of
            their own, which other traces of that shape share. A function with several draws is
            always split: compiling each of them again takes longer than anything else.

    Raises:
        Exception: the function raised it.
    """
    if is_traced():
        return function()
    try:
        traced, tree = _trace(function)
        outputs = _run(*_steps(traced), split=split)
    except Exception:  # noqa: BLE001 (whatever it is, an eager call raises the function's own)
        return function()
    return jax.tree_util.tree_unflatten(tree, outputs)


def forget() -> None:
    """Drop every compiled program; the next call of each compiles it again."""
    _programs.clear()


def is_traced(*values: Any) -> bool:
    """Return whether a value is a tracer, or operations on concrete values are being traced."""
    return any(
        isinstance(leaf, jax.core.Tracer)
        for leaf in [jax.lax.neg(np.float32(0)), *jax.tree_util.tree_leaves(values)]
    )


def _trace(function: Callable[[], Any]) -> tuple[Any, Any]:
    """Return the traced function and the tree of its outputs."""

    def checked() -> Any:
        outputs = function()
        leaves = jax.tree_util.tree_leaves(outputs)
        if not leaves or not all(isinstance(leaf, jax.Array) for leaf in leaves):
            raise _NotOneProgram  # an array of NumPy would change its dtype here
        return outputs

    traced, shapes = jax.make_jaxpr(checked, return_shape=True)()
    if traced.effects:
        raise _NotOneProgram
    return traced, jax.tree_util.tree_structure(shapes)


def _steps(traced: Any) -> tuple[list[_Step], dict[int, Any], tuple[int, ...]]:
    """Return the steps of a trace, the value of each constant and literal, and the outputs."""
    jaxpr = traced.jaxpr
    inputs = [*jaxpr.constvars, *jaxpr.invars]
    if len(inputs) != len(traced.consts):
        raise _NotOneProgram
    devices = {device for one in traced.consts if _is_array(one) for device in one.devices()}
    if len(devices) > 1:
        raise _NotOneProgram  # it is about devices
    values: dict[int, Any] = dict(enumerate(traced.consts))
    numbers = {id(variable): number for number, variable in enumerate(inputs)}
    count = itertools.count(len(inputs))

    def read(atom: Any) -> int:
        if not hasattr(atom, "val"):
            return numbers[id(atom)]
        number = next(count)
        value = atom.val
        values[number] = value if _is_array(value) else np.asarray(value, dtype=atom.aval.dtype)
        return number

    steps = []
    for equation in jaxpr.eqns:
        operands = tuple(map(read, equation.invars))
        results = tuple(next(count) for _ in equation.outvars)
        numbers.update(zip(map(id, equation.outvars), results, strict=True))
        steps.append(_Step(equation, operands, results))
    return steps, values, tuple(map(read, jaxpr.outvars))


def _run(
    steps: list[_Step], values: dict[int, Any], outputs: tuple[int, ...], *, split: bool
) -> list[Any]:
    """Run the steps, in one program or in a few; `values` gets the results."""
    kinds = [_kind(step.equation) for step in steps]
    if split or kinds.count("draw") > 1:
        groups = _grouped(steps, kinds)
    else:
        groups = [steps] if steps else []
    needed = set(outputs)
    wanted: list[set[int]] = []  # of each group, by groups that follow
    for group in reversed(groups):
        wanted.insert(0, set(needed))
        needed |= {number for step in group for number in step.operands}
    for group, after in zip(groups, wanted, strict=True):
        made = [number for step in group for number in step.results]
        given = dict.fromkeys(number for step in group for number in step.operands)
        for number in made:
            given.pop(number, None)
        found = [number for number in made if number in after]
        arguments = [values[number] for number in given]
        answers = _shared(group, tuple(given), tuple(found), arguments)(*arguments)
        values.update(zip(found, answers, strict=True))
    return [jax.device_put(values[number]) for number in outputs]


def _grouped(steps: list[_Step], kinds: list[str]) -> list[list[_Step]]:
    """Return the steps in runs of one kind; each draw is a run of its own."""
    groups: list[list[_Step]] = []
    before = "draw"  # the first step starts a run
    for step, kind in zip(steps, kinds, strict=True):
        if kind == before and kind != "draw":
            groups[-1].append(step)
        else:
            groups.append([step])
        before = kind
    return groups


def _kind(equation: Any) -> str:
    """Return "draw" for a call that makes random bits, "key" for a derivation of keys, or ""."""
    if equation.primitive.name in _KEYS:
        return "key"
    return "draw" if _makes_bits(equation) else ""


def _makes_bits(equation: Any) -> bool:
    inner = [part for part in equation.params.values() if hasattr(part, "eqns")]
    return equation.primitive.name in _BITS or any(
        _makes_bits(one) for program in inner for one in program.eqns
    )


def _shared(
    steps: list[_Step], inputs: tuple[int, ...], outputs: tuple[int, ...], arguments: list[Any]
) -> Any:
    """Return the program of these steps, compiled at its first use."""
    places = {number: place for place, number in enumerate(inputs)}
    structure = []
    for step in steps:
        operands = tuple(places[number] for number in step.operands)
        for number in step.results:
            places[number] = len(places)
        structure.append((operands, len(step.results), *_operation(step.equation)))
    shapes = tuple((tuple(np.shape(one)), str(one.dtype), _weak(one)) for one in arguments)
    devices = frozenset().union(*(one.devices() for one in arguments if _is_array(one)))
    results = tuple(places[number] for number in outputs)
    key = (tuple(structure), results, shapes, devices, *_flags())
    if key not in _programs:
        if len(_programs) >= _MOST:
            _programs.clear()

        def program(*given: Any) -> list[Any]:
            return _evaluated(steps, dict(zip(inputs, given, strict=True)), outputs)

        compiled = jax.jit(program).lower(*arguments).compile(compiler_options=_OPTIONS)
        # The steps are stored too: an object in the key that equals itself alone stays alive.
        _programs[key] = compiled, steps
    return _programs[key][0]


def _evaluated(steps: list[_Step], values: dict[int, Any], outputs: tuple[int, ...]) -> list[Any]:
    """Return the outputs of the steps; `values` holds their inputs."""
    for step in steps:
        equation = step.equation
        found = equation.primitive.get_bind_params(equation.params)
        functions, parameters = found if isinstance(found, tuple) else ((), found)
        operands = [values[number] for number in step.operands]
        with equation.ctx.manager:
            answer = equation.primitive.bind(*functions, *operands, **parameters)
        answers = answer if equation.primitive.multiple_results else [answer]
        values.update(zip(step.results, answers, strict=True))
    return [values[number] for number in outputs]


def _operation(equation: Any) -> tuple[Any, ...]:
    """Return what an equation does, in a form that can be compared."""
    about_bits = bool(_kind(equation))
    around = tuple(
        _part(getattr(equation.ctx, name, None))
        for name in _CONTEXT
        if about_bits or name not in _OF_BITS
    )
    results = tuple(_part(variable.aval) for variable in equation.outvars)
    return equation.primitive, _part(equation.params), results, around


def _program(jaxpr: Any, constants: Any) -> tuple[Any, ...]:
    """Return what an inner program does; its literals and constants stay what they are."""
    inputs = [*jaxpr.constvars, *jaxpr.invars]
    numbers = {id(variable): number for number, variable in enumerate(inputs)}

    def read(atom: Any) -> Any:
        if not hasattr(atom, "val"):
            return numbers[id(atom)]
        return ("literal", _part(atom.val), _part(atom.aval))

    lines = []
    for equation in jaxpr.eqns:
        operands = tuple(map(read, equation.invars))
        for variable in equation.outvars:
            numbers[id(variable)] = len(numbers)
        lines.append((operands, *_operation(equation)))
    outputs = tuple(map(read, jaxpr.outvars))
    types = tuple(_part(variable.aval) for variable in inputs)
    return ("program", types, tuple(lines), outputs, _part(constants))


def _part(value: Any) -> Any:  # noqa: PLR0911 (one for each kind of value)
    """Return a value in a form that can be compared and is equal for equal values alone."""
    if hasattr(value, "eqns"):
        return _program(getattr(value, "jaxpr", value), tuple(getattr(value, "consts", ())))
    if isinstance(value, dict):
        return ("dict", tuple((name, _part(value[name])) for name in sorted(value, key=str)))
    if isinstance(value, (tuple, list)):
        return (type(value), tuple(map(_part, value)))
    if isinstance(value, (bool, int, float, complex, str, bytes, type(None))):
        return (type(value), repr(value))
    if isinstance(value, (jax.Array, np.ndarray, np.generic)):
        typed: Any = value
        if str(value.dtype).startswith("key<"):
            return ("key", str(value.dtype), _part(jax.random.key_data(typed)))
        array = np.asarray(value)
        return (type(value), str(array.dtype), array.shape, array.tobytes())
    try:
        hash(value)
    except TypeError:
        return _Identical(value)
    return value


class _Identical:
    """An object that cannot be hashed: equal to itself alone."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __hash__(self) -> int:
        return id(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identical) and self._value is other._value


def _is_array(value: Any) -> bool:
    return isinstance(value, jax.Array)


def _weak(value: Any) -> bool:
    return bool(getattr(value, "weak_type", False))


def _flags() -> tuple[Any, ...]:
    """Return the flags of JAX that a trace does not show and that change how it is compiled."""
    config: Any = jax.config
    names = (
        "jax_enable_x64",
        "jax_default_matmul_precision",
        "jax_default_device",
    )
    return tuple(_part(getattr(config, name, None)) for name in names)
