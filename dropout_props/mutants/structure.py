"""Faults of structure: units of one mask that share randomness."""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.mutants.mutant import Mutant
from dropout_props.subjects.kernel import Kernel, Shape

__all__ = ["MUTANTS"]

_TILE = 64


def _exact_count(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    uniform = jax.random.uniform(key, (prod(shape),))
    rank = jnp.argsort(jnp.argsort(uniform))
    return (rank < round(prod(shape) * keep_rate)).reshape(shape)


def _first_axis_shared(shape: Shape, dims: tuple[int, ...]) -> Shape:
    shared = {dim % len(shape) for dim in dims} | {0} if shape else set()
    return tuple(1 if axis in shared else n for axis, n in enumerate(shape))


def _tiled(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    tile = jax.random.bernoulli(key, keep_rate, (_TILE,))
    return tile[jnp.arange(prod(shape)) % _TILE].reshape(shape)


def _rank_one(key: Any, keep_rate: float, shape: Shape, site: Any) -> Any:
    if len(shape) < 2:  # noqa: PLR2004 (there is no matrix to be of rank 1)
        return Kernel().draw(key, keep_rate, shape, site)
    rows, columns = jax.random.split(key)
    first = jax.random.bernoulli(rows, sqrt(keep_rate), (shape[0], 1))
    second = jax.random.bernoulli(columns, sqrt(keep_rate), (1, prod(shape[1:])))
    return (first & second).reshape(shape)


MUTANTS = (
    Mutant(
        "exact_count",
        "exactly round(n * keep) units are kept",
        "neural-fortran#194",
        ("DP205",),
        Kernel(draw=_exact_count),
    ),
    Mutant(
        "batch_shared",
        "one mask for the whole first axis, undeclared",
        "returnn#366, keras#217",
        ("DP205",),
        Kernel(mask_shape=_first_axis_shared),
    ),
    Mutant(
        "tile64",
        "a mask of 64 units, tiled",
        "pytorch#198333",
        ("DP205",),
        Kernel(draw=_tiled),
    ),
    Mutant(
        "rank1_mask",
        "rows and columns are dropped, not units",
        "keras#9841",
        ("DP205",),
        Kernel(draw=_rank_one),
    ),
)
