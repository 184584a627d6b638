"""Faults that no pair of units shows: three or four units that depend on one another."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel, Shape
from dropout_props.selftest.mutants.mutant import Mutant

__all__ = ["MUTANTS"]


def _last_of_group(
    key: Any, keep_rate: float, shape: Shape, _site: Any, *, group: int, stride: int | None
) -> Any:
    """Draw the last unit of each group given the others; any fewer of them are independent.

    P(group) = prod P(unit) + eps * prod s(unit), s = +1 for a kept unit and -1 for a dropped one:
    summed over any one unit the second term vanishes.
    """
    size = prod(shape)
    step = max(1, size // group) if stride is None else stride
    runs = -(-size // (group * step))
    uniform = jax.random.uniform(key, (runs, group, step))
    kept = uniform < keep_rate
    first = kept[:, :-1]
    known = jnp.where(first, keep_rate, 1.0 - keep_rate).prod(axis=1)
    sign = jnp.where(first, 1.0, -1.0).prod(axis=1)
    eps = min(keep_rate, 1.0 - keep_rate) ** group
    last = uniform[:, -1] < keep_rate + sign * eps / known
    return kept.at[:, -1].set(last).reshape(-1)[:size].reshape(shape)


def _even_count(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    mask = jax.random.bernoulli(key, keep_rate, shape).reshape(-1)
    return mask.at[-1:].set(mask[:-1].sum() % 2 == 1).reshape(shape)


def _planted(name: str, change: str, group: int, stride: int | None) -> Mutant:
    draw = partial(_last_of_group, group=group, stride=stride)
    return Mutant(name, change, "linear generators", Kernel(draw=draw))


MUTANTS = (
    Mutant(
        "even_count",
        "the last unit makes the number kept even",
        "units kept in pairs",
        Kernel(draw=_even_count),
    ),
    _planted("xor_neighbours", "each third unit follows from the two before it", 3, 1),
    _planted("xor_thirds", "the last third of a mask follows from the other two", 3, None),
    _planted("even_quads", "each fourth unit follows from the three before it", 4, 1),
)
