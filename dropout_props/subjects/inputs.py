"""The inputs that a user declares for a layer: one array, a shape with free axes, or a strategy.

Question: on which inputs is the layer to be judged, where not every shape fits it?
Guarantee: what is declared is judged, and a refusal is an error. A strategy is drawn from once,
with a fixed seed, so that every process has the same arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, prod
from typing import Any, TypeAlias

import numpy as np

from dropout_props.cases.case import register
from dropout_props.subjects.errors import WiringError

__all__ = ["Given", "Spec", "completed", "shape_of"]

Spec: TypeAlias = "tuple[int | str | None, ...]"

_DRAWN = 8
_LEAST = 2  # units along a free axis


class Given:
    """An array that the user gives as an input; every process that has it can build its cases."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array = array
        self.name = register(array)

    def __reduce__(self) -> tuple[Callable[..., Given], tuple[Any, ...]]:
        return Given, (self.array,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Given) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)


def completed(traits: Mapping[str, Any]) -> dict[str, Any]:
    """Return the traits that a user gave, with those that follow from them.

    Raises:
        WiringError: `inputs` is not an array, a shape or a strategy.
    """
    found = dict(traits)
    if found.get("kind") == "model":
        found = {"law": "composite", "reference": "eval", **found}
    inputs = found.get("inputs")
    if inputs is None:
        return found
    if isinstance(inputs, tuple) and all(isinstance(n, int | str | None) for n in inputs):
        return {**found, "min_rank": len(inputs), "max_rank": len(inputs)}
    if hasattr(inputs, "example") and hasattr(inputs, "map"):
        from dropout_props.cases.drawn import drawn

        arrays = list(map(np.asarray, drawn(inputs, _DRAWN)))
    elif hasattr(inputs, "shape") and hasattr(inputs, "dtype"):
        arrays = [np.asarray(inputs)]
    else:
        raise WiringError(
            f"inputs={inputs!r} ({type(inputs).__name__}): give an array, a shape whose free axes "
            "are names, such as ('batch', 10), or a Hypothesis strategy of arrays."
        )
    ranks = [array.ndim for array in arrays]
    return {
        **found,
        "inputs": tuple(map(Given, arrays)),
        "dtypes": tuple(dict.fromkeys(str(array.dtype) for array in arrays)),
        "min_rank": min(ranks),
        "max_rank": max(ranks),
    }


def shape_of(spec: Spec, size: int) -> tuple[int, ...]:
    """Return a shape of this form with about `size` units; free axes of one name are equal.

    Args:
        spec: a length, or a name or None for a free axis, for each axis.
        size: how many units are wanted.
    """
    free = [number for number, n in enumerate(spec) if not isinstance(n, int)]
    if not free:
        return tuple(n for n in spec if isinstance(n, int))
    fixed = prod(n for n in spec if isinstance(n, int))
    wanted = 0 if size == 0 else ceil(max(1, size / max(1, fixed)) ** (1 / len(free)))
    length = max(_LEAST, wanted) if size > 1 else wanted
    return tuple(n if isinstance(n, int) else length for n in spec)
