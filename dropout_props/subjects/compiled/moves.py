"""Runs steps that only move units around with NumPy, because that compiles nothing.

Such a step copies each unit as it is, so that NumPy gives the bits that XLA would; so does a sum of
integers. A key that is wrapped, unwrapped or cloned has the words that it had.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dropout_props.subjects.compiled.steps import Step, as_array

__all__ = ["is_move", "moves"]


def _broadcast(parameters: dict[str, Any], array: Any) -> Any:
    shape, axes = parameters["shape"], parameters["broadcast_dimensions"]
    lengths = dict(zip(axes, np.shape(array), strict=True))
    between = np.reshape(array, [lengths.get(axis, 1) for axis in range(len(shape))])
    return np.broadcast_to(between, shape)


_MOVES: dict[str, Callable[..., Any]] = {
    "add": lambda _, first, second: np.add(first, second),
    "broadcast_in_dim": _broadcast,
    "concatenate": lambda parameters, *parts: np.concatenate(parts, parameters["dimension"]),
    "squeeze": lambda parameters, array: np.squeeze(array, tuple(parameters["dimensions"])),
    "stack": lambda parameters, *parts: np.stack(parts, parameters["axis"]),
    "transpose": lambda parameters, array: np.transpose(array, parameters["permutation"]),
}

_VIEWS = ("random_clone", "random_unwrap", "random_wrap")


def is_move(equation: Any) -> bool:
    """Return whether a step runs without a program, by itself or among others that do."""
    return equation.primitive.name in _VIEWS or _is_plain(equation)


def moves(
    steps: Sequence[Step], inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> Callable[..., list[Any]] | None:
    """Return a program of NumPy for the steps, or None where one of them computes something.

    Args:
        steps: in an order in which they can run.
        inputs: numbers of the values that the program takes.
        outputs: numbers of the values that it makes.
    """
    if len(steps) == 1 and steps[0].equation.primitive.name in _VIEWS:
        return _view(steps[0].equation)
    if not all(_is_plain(step.equation) for step in steps):
        return None

    def program(*given: Any) -> list[Any]:
        values = dict(zip(inputs, map(np.asarray, given), strict=True))
        for step in steps:
            move = _MOVES[step.equation.primitive.name]
            moved = move(step.equation.params, *(values[one] for one in step.operands))
            values[step.results[0]] = np.asarray(moved)
        return [values[number] for number in outputs]

    return program


def _view(equation: Any) -> Callable[..., list[Any]]:
    """Return the program of one step that shows the words of a key in another form."""
    if equation.primitive.name == "random_clone":
        return lambda key: [key]
    return lambda words: [equation.primitive.bind(as_array(words), **equation.params)]


def _is_plain(equation: Any) -> bool:
    """Return whether a step moves numbers of a static shape, which are not sharded, or adds two."""
    name = equation.primitive.name
    dtypes = [atom.aval.dtype for atom in (*equation.invars, *equation.outvars)]
    if name not in _MOVES or any(str(one).startswith("key<") for one in dtypes):
        return False
    if name == "add":
        return all(np.issubdtype(one, np.integer) for one in dtypes)
    is_sharded = equation.params.get("sharding") is not None
    return (name in ("concatenate", "stack") or len(equation.invars) == 1) and not is_sharded
