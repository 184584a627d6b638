"""The steps of a trace: the operations of a function, on values that are known by number."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

__all__ = ["NotOneProgram", "Step", "Trace", "as_array", "is_array", "traced"]

_WIDE = ("float64", "int64", "uint64", "complex128")


class NotOneProgram(Exception):
    """The function is to be called eagerly."""


@dataclass(frozen=True)
class Step:
    """One operation of a trace.

    Attributes:
        equation: the equation of JAX.
        operands: numbers of the values that it takes.
        results: numbers of the values that it makes.
    """

    equation: Any
    operands: tuple[int, ...]
    results: tuple[int, ...]


@dataclass(frozen=True)
class Trace:
    """A traced function.

    Attributes:
        steps: those on which an output depends, in order.
        values: the value of each constant and literal, by number.
        inputs: numbers of the arguments of the function, flat.
        outputs: numbers of its outputs, flat.
        tree: the tree of its outputs.
    """

    steps: tuple[Step, ...]
    values: dict[int, Any]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    tree: Any


def is_array(value: Any) -> bool:
    """Return whether a value is an array of JAX."""
    return isinstance(value, jax.Array)


def as_array(value: Any) -> jax.Array:
    """Return a value as an array of JAX, on its device: `jax.device_put` moves a key from there."""
    return value if is_array(value) else jax.device_put(value)


def traced(function: Callable[..., Any], *arguments: Any) -> Trace:
    """Return the trace of a function.

    Args:
        function: it may close over concrete arrays, which are constants of the trace.
        *arguments: arrays, which the function sees as tracers.

    Raises:
        NotOneProgram: it has effects, uses several devices, or returns anything but arrays of JAX.
        Exception: the function raised it.
    """

    def checked(*given: Any) -> Any:
        outputs = function(*given)
        leaves = jax.tree_util.tree_leaves(outputs)
        if not leaves or not all(isinstance(leaf, jax.Array) for leaf in leaves):
            raise NotOneProgram  # an array of NumPy would change its dtype here
        return outputs

    found, shapes = jax.make_jaxpr(checked, return_shape=True)(*arguments)
    if found.effects or len(found.jaxpr.constvars) != len(found.consts):
        raise NotOneProgram
    dtypes = {str(one.dtype) for one in jax.tree_util.tree_leaves(shapes)}
    if dtypes.intersection(_WIDE) and not _has_wide():
        raise NotOneProgram  # it sets the flag itself, and a program would return 32 bits
    leaves = [*found.consts, *jax.tree_util.tree_leaves(arguments)]
    if len({device for one in leaves if is_array(one) for device in one.devices()}) > 1:
        raise NotOneProgram  # it is about devices
    return _numbered(found, jax.tree_util.tree_structure(shapes))


def _has_wide() -> bool:
    config: Any = jax.config
    return bool(config.jax_enable_x64)


def _numbered(found: Any, tree: Any) -> Trace:
    jaxpr = found.jaxpr
    variables = [*jaxpr.constvars, *jaxpr.invars]
    values: dict[int, Any] = dict(enumerate(found.consts))
    numbers = {id(variable): number for number, variable in enumerate(variables)}
    count = itertools.count(len(variables))

    def read(atom: Any) -> int:
        if not hasattr(atom, "val"):
            return numbers[id(atom)]
        number = next(count)
        value = atom.val
        with np.errstate(over="ignore"):  # infinite, as in JAX
            values[number] = value if is_array(value) else np.asarray(value, dtype=atom.aval.dtype)
        return number

    steps = []
    for equation in jaxpr.eqns:
        operands = tuple(map(read, equation.invars))
        results = tuple(next(count) for _ in equation.outvars)
        numbers.update(zip(map(id, equation.outvars), results, strict=True))
        steps.append(Step(equation, operands, results))
    outputs = tuple(map(read, jaxpr.outvars))
    inputs = tuple(range(len(jaxpr.constvars), len(variables)))
    return Trace(_needed(steps, outputs), values, inputs, outputs, tree)


def _needed(steps: list[Step], outputs: tuple[int, ...]) -> tuple[Step, ...]:
    """Return the steps on which an output depends."""
    wanted, found = set(outputs), []
    for step in reversed(steps):
        if wanted.intersection(step.results):
            wanted.update(step.operands)
            found.append(step)
    return tuple(reversed(found))
