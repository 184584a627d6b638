"""Runs steps that only move units around with NumPy, because that compiles nothing.

Such a step copies each unit as it is, so that NumPy gives the bits that XLA would.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dropout_props.subjects.compiled.steps import Step

__all__ = ["moves"]


def _broadcast(parameters: dict[str, Any], array: Any) -> Any:
    shape, axes = parameters["shape"], parameters["broadcast_dimensions"]
    lengths = dict(zip(axes, np.shape(array), strict=True))
    between = np.reshape(array, [lengths.get(axis, 1) for axis in range(len(shape))])
    return np.broadcast_to(between, shape)


_MOVES: dict[str, Callable[..., Any]] = {
    "broadcast_in_dim": _broadcast,
    "concatenate": lambda parameters, *parts: np.concatenate(parts, parameters["dimension"]),
    "squeeze": lambda parameters, array: np.squeeze(array, tuple(parameters["dimensions"])),
    "stack": lambda parameters, *parts: np.stack(parts, parameters["axis"]),
    "transpose": lambda parameters, array: np.transpose(array, parameters["permutation"]),
}


def moves(
    steps: Sequence[Step], inputs: tuple[int, ...], outputs: tuple[int, ...]
) -> Callable[..., list[Any]] | None:
    """Return a program of NumPy for the steps, or None where one of them computes something.

    Args:
        steps: in an order in which they can run.
        inputs: numbers of the values that the program takes.
        outputs: numbers of the values that it makes.
    """
    for step in steps:
        equation = step.equation
        if equation.primitive.name not in _MOVES or not _is_plain(equation):
            return None

    def program(*given: Any) -> list[Any]:
        values = dict(zip(inputs, map(np.asarray, given), strict=True))
        for step in steps:
            move = _MOVES[step.equation.primitive.name]
            moved = move(step.equation.params, *(values[one] for one in step.operands))
            values[step.results[0]] = np.asarray(moved)
        return [values[number] for number in outputs]

    return program


def _is_plain(equation: Any) -> bool:
    """Return whether a step moves numbers of a static shape, which are not sharded."""
    dtypes = [str(atom.aval.dtype) for atom in (*equation.invars, *equation.outvars)]
    operands = len(equation.invars)
    many = equation.primitive.name in ("concatenate", "stack")
    is_sharded = equation.params.get("sharding") is not None
    has_keys = any(one.startswith("key<") for one in dtypes)
    return (many or operands == 1) and not is_sharded and not has_keys
