"""Faults of structure: units of one mask that share randomness."""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel, Shape
from dropout_props.selftest.mutants.mutant import Mutant

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
    if len(shape) < 2:  # noqa: PLR2004 - a matrix has two axes
        return Kernel().draw(key, keep_rate, shape, site)
    rows, columns = jax.random.split(key)
    first = jax.random.bernoulli(rows, sqrt(keep_rate), (shape[0], 1))
    second = jax.random.bernoulli(columns, sqrt(keep_rate), (1, prod(shape[1:])))
    return (first & second).reshape(shape)


def _gather(key: Any, keep_rate: float, shape: Shape, index: Any) -> Any:
    mask = jax.random.bernoulli(key, keep_rate, (prod(shape),))
    return mask[index].reshape(shape)


def _dup4(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    return _gather(key, keep_rate, shape, jnp.arange(prod(shape)) // 4 * 4)


def _dup_strided(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    at = jnp.arange(prod(shape))
    return _gather(key, keep_rate, shape, at // 64 * 64 + at % 64 // 4 * 4)


def _half_mirror(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    size = prod(shape)
    uniform = jax.random.uniform(key, (size - size // 2,))
    both = jnp.concatenate([uniform, 1.0 - uniform[: size // 2]])
    return (both < keep_rate).reshape(shape)


def _symmetric(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    at = jnp.arange(prod(shape))
    return _gather(key, keep_rate, shape, jnp.minimum(at, prod(shape) - 1 - at))


def _copied(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    mask_key, copy_key = jax.random.split(key)
    mask = jax.random.bernoulli(mask_key, keep_rate, (prod(shape),))
    copied = jax.random.bernoulli(copy_key, 0.05, mask.shape)
    return jnp.where(copied, jnp.roll(mask, 1), mask).reshape(shape)


def _row_rates(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    mask_key, row_key = jax.random.split(key)
    size, row = prod(shape), 16
    drift = jax.random.uniform(row_key, (size // row + 1,), minval=-0.6, maxval=0.6)
    step = min(keep_rate, 1.0 - keep_rate) * drift[jnp.arange(size) // row].reshape(shape)
    return jax.random.uniform(mask_key, shape) < keep_rate + step


def _mask_rates(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    mask_key, rate_key = jax.random.split(key)
    drift = jax.random.uniform(rate_key, (), minval=-0.3, maxval=0.3)
    step = min(keep_rate, 1.0 - keep_rate) * drift
    return jax.random.uniform(mask_key, shape) < keep_rate + step


def _tail_from_head(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    at = jnp.arange(prod(shape))
    whole = prod(shape) // _TILE * _TILE
    return _gather(key, keep_rate, shape, jnp.where((at >= whole) & (whole > 0), at - whole, at))


MUTANTS = (
    Mutant(
        "row_rates_drift",
        "each 16 neighbours share a rate that drifts; the mean is right",
        "per-row rates of fused kernels",
        Kernel(draw=_row_rates),
    ),
    Mutant(
        "mask_rate_drifts",
        "each mask has a rate of its own; the mean is right",
        "rate schedules that read the key",
        Kernel(draw=_mask_rates),
    ),
    Mutant(
        "tail_repeats_head",
        "units past the last 64 repeat the first ones",
        "tail handling of vector kernels",
        Kernel(draw=_tail_from_head),
    ),
    Mutant(
        "exact_count",
        "exactly round(n * keep) units are kept",
        "neural-fortran#194",
        Kernel(draw=_exact_count),
    ),
    Mutant(
        "batch_shared",
        "one mask for the whole first axis, undeclared",
        "returnn#366, keras#217",
        Kernel(mask_shape=_first_axis_shared),
    ),
    Mutant(
        "tile64",
        "a mask of 64 units, tiled",
        "pytorch#198333",
        Kernel(draw=_tiled),
    ),
    Mutant(
        "rank1_mask",
        "rows and columns are dropped, not units",
        "keras#9841",
        Kernel(draw=_rank_one),
    ),
    Mutant(
        "dup4",
        "one bit for 4 neighbours",
        "pytorch#198333",
        Kernel(draw=_dup4),
    ),
    Mutant(
        "dup_strided",
        "within 64 units, each 4 neighbours share a bit",
        "pytorch#198333",
        Kernel(draw=_dup_strided),
    ),
    Mutant(
        "half_mirror",
        "the second half uses 1 - u of the first",
        "antithetic sampling",
        Kernel(draw=_half_mirror),
    ),
    Mutant(
        "symmetric_mask",
        "the second half is the first half backwards",
        "antithetic sampling",
        Kernel(draw=_symmetric),
    ),
    Mutant(
        "neighbours_copied",
        "one unit in twenty copies the one before it",
        "pytorch#50110",
        Kernel(draw=_copied),
    ),
)
