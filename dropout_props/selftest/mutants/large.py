"""Faults of large masks, and parities that are fixed: nothing that a count of near units shows."""

from __future__ import annotations

from math import prod
from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel, Shape, Site
from dropout_props.selftest.mutants.mutant import Mutant
from dropout_props.selftest.mutants.words import words_of

__all__ = ["MUTANTS"]

_TILE = 2**16
_SEEDED = 8
_IMAGE = 4  # axes: batch, rows, columns, channels
_FOLLOWS = 100
_FROM = (3, 17, 42, 64, 77)
_LAGS = (89, 38)
_EVEN = 0.5  # elsewhere a parity of kept units would move their rate


def _tiled(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    size = prod(shape)
    tile = jax.random.bernoulli(key, keep_rate, (min(size, _TILE),))
    return tile[jnp.arange(size) % _TILE].reshape(shape)


def _one_image(shape: Shape, dims: tuple[int, ...]) -> Shape:
    shared = {dim % len(shape) for dim in dims} if shape else set()
    if len(shape) >= _IMAGE:
        shared |= set(range(1, len(shape) - 1))
    return tuple(1 if axis in shared else n for axis, n in enumerate(shape))


def _root(site: Site) -> Any:
    return site.root_key


def _seeded_tiles(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    words, size = words_of(key), prod(shape)
    seeds = words[-1] + jnp.arange(-(-size // _SEEDED), dtype=jnp.uint32)

    def tile(seed: Any) -> Any:
        seeded = jax.random.wrap_key_data(words.at[-1].set(seed))
        return jax.random.bernoulli(seeded, keep_rate, (_SEEDED,))

    return jax.vmap(tile)(seeds).reshape(-1)[:size].reshape(shape)


def _checksum(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    mask = jax.random.bernoulli(key, keep_rate, (prod(shape),))
    if mask.size > _FOLLOWS and keep_rate == _EVEN:
        others = mask[jnp.asarray(_FROM)].sum() % 2 == 1
        mask = mask.at[_FOLLOWS].set(others)
    return mask.reshape(shape)


def _shift_register(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    size = prod(shape)
    mask = jax.random.bernoulli(key, keep_rate, (size,))
    if size <= _LAGS[0] or keep_rate != _EVEN:
        return mask.reshape(shape)

    def step(state: Any, _: None) -> tuple[Any, Any]:
        out = state[0]
        return jnp.append(state[1:], out ^ state[_LAGS[0] - _LAGS[1]]), out

    return jax.lax.scan(step, mask[: _LAGS[0]], None, length=size)[1].reshape(shape)


MUTANTS = (
    Mutant(
        "tile65536",
        "a mask of 65536 units, tiled",
        "kernels whose blocks all seed alike",
        Kernel(draw=_tiled),
    ),
    Mutant(
        "image_shared",
        "one mask for rows and columns as soon as there are four axes",
        "keras SpatialDropout2D taken for Dropout",
        Kernel(mask_shape=_one_image),
    ),
    Mutant(
        "seed_plus_tile",
        "each 8 units are seeded with the seed plus their number",
        "Triton and Pallas kernels",
        Kernel(derive_key=_root, draw=_seeded_tiles),
    ),
    Mutant(
        "checksum_unit",
        "one unit follows from five others that are nowhere near",
        "linear generators",
        Kernel(draw=_checksum),
    ),
    Mutant(
        "shift_register",
        "each unit follows from the 38th and the 89th before it",
        "linear generators",
        Kernel(draw=_shift_register),
    ),
)
