"""The structure of operations, in a form that can be compared: equal operations alone are equal."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from dropout_props.subjects.compiled.groups import kind

__all__ = ["Identical", "flags", "flags_of_traces", "operation", "part"]

_CONTEXT = (  # under which flags an operation was traced; each release has some of them
    "compute_type", "threefry_partitionable", "cur_abstract_mesh", "cur_layout_mode",
    "remove_size_one_mesh_axis", "no_collectives", "xla_metadata", "configs",
)  # fmt: skip
_OF_BITS = ("threefry_partitionable", "configs")  # they change nothing else


def operation(equation: Any) -> tuple[Any, ...]:
    """Return what an equation does, in a form that can be compared."""
    about_bits = bool(kind(equation))
    around = tuple(
        part(getattr(equation.ctx, name, None))
        for name in _CONTEXT
        if about_bits or name not in _OF_BITS
    )
    results = tuple(part(variable.aval) for variable in equation.outvars)
    return equation.primitive, part(equation.params), results, around


def part(value: Any) -> Any:  # noqa: PLR0911 (one for each kind of value)
    """Return a value in a form that can be compared and is equal for equal values alone."""
    if hasattr(value, "eqns"):
        return _program(getattr(value, "jaxpr", value), tuple(getattr(value, "consts", ())))
    if isinstance(value, dict):
        return ("dict", tuple((name, part(value[name])) for name in sorted(value, key=str)))
    if isinstance(value, (tuple, list)):
        return (type(value), tuple(map(part, value)))
    if isinstance(value, (bool, int, float, complex, str, bytes, type(None))):
        return (type(value), repr(value))
    if isinstance(value, (jax.Array, np.ndarray, np.generic)):
        typed: Any = value
        if str(value.dtype).startswith("key<"):
            return ("key", str(value.dtype), part(jax.random.key_data(typed)))
        array = np.asarray(value)
        return (type(value), str(array.dtype), array.shape, array.tobytes())
    try:
        hash(value)
    except TypeError:
        return Identical(value)
    return value


def flags() -> tuple[Any, ...]:
    """Return the flags of JAX that a trace does not show and that change how it is compiled."""
    return _values("jax_enable_x64", "jax_default_matmul_precision", "jax_default_device")


def flags_of_traces() -> tuple[Any, ...]:
    """Return the flags of JAX under which one function has another trace."""
    return (
        *flags(),
        *_values(
            "jax_threefry_partitionable",
            "jax_default_prng_impl",
            "jax_random_seed_offset",
            "jax_numpy_dtype_promotion",
            "jax_disable_jit",
        ),
    )


def _values(*names: str) -> tuple[Any, ...]:
    config: Any = jax.config
    return tuple(part(getattr(config, name, None)) for name in names)


def _program(jaxpr: Any, constants: Any) -> tuple[Any, ...]:
    """Return what an inner program does; its literals and constants stay what they are."""
    inputs = [*jaxpr.constvars, *jaxpr.invars]
    numbers = {id(variable): number for number, variable in enumerate(inputs)}

    def read(atom: Any) -> Any:
        if not hasattr(atom, "val"):
            return numbers[id(atom)]
        return ("literal", part(atom.val), part(atom.aval))

    lines = []
    for equation in jaxpr.eqns:
        operands = tuple(map(read, equation.invars))
        for variable in equation.outvars:
            numbers[id(variable)] = len(numbers)
        lines.append((operands, *operation(equation)))
    outputs = tuple(map(read, jaxpr.outvars))
    types = tuple(part(variable.aval) for variable in inputs)
    return ("program", types, tuple(lines), outputs, part(constants))


class Identical:
    """Stands for an object, equal to itself alone; it keeps the object alive, and so its `id`."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __hash__(self) -> int:
        return id(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identical) and self._value is other._value
