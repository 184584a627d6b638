"""Faults of masks that show at one distance, at one shift, or in one part of a large mask."""

from __future__ import annotations

from math import prod
from typing import Any
from zlib import crc32

import jax
import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel, Shape, Site
from dropout_props.selftest.mutants.mutant import Mutant
from dropout_props.selftest.mutants.words import words_of

__all__ = ["MUTANTS"]

_BLOCK = 8
_AFAR = 2**15
_LAYERS = 13
_COPY, _OF = 72, 5
_LARGE = 2**12
_PARTS = 64
_ONE_IN = 10


def _rolled(key: Any, keep_rate: float, shape: Shape, number: Any) -> Any:
    mask = jax.random.bernoulli(key, keep_rate, (prod(shape),))
    return jnp.roll(mask, _BLOCK * number).reshape(shape)


def _by_call(_key: Any, keep_rate: float, shape: Shape, site: Site) -> Any:
    number = site.memory.get("calls", 0)
    site.memory["calls"] = number + 1
    return _rolled(site.key_at(count=0), keep_rate, shape, number)


def _by_layer(_key: Any, keep_rate: float, shape: Shape, site: Site) -> Any:
    last = site.path[-1] if site.path else 0
    place = crc32("/".join(map(str, site.path)).encode()) if isinstance(last, str) else last
    key = jax.random.fold_in(site.root_key, site.count)
    return _rolled(key, keep_rate, shape, place % _LAYERS)


def _rounded_up(site: Site) -> Any:
    words = words_of(site.root_key)
    return jax.random.wrap_key_data(words.at[-1].set((words[-1] + 1) >> 1))


def _odd_pairs(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    mask_key, copy_key = jax.random.split(key)
    mask = jax.random.bernoulli(mask_key, keep_rate, (prod(shape),))
    at = jnp.arange(mask.size)
    copies = jax.random.bernoulli(copy_key, 1 / _ONE_IN, mask.shape) & (at > 0) & (at % 2 == 0)
    return jnp.where(copies, jnp.roll(mask, 1), mask).reshape(shape)


def _afar(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    mask_key, copy_key = jax.random.split(key)
    mask = jax.random.bernoulli(mask_key, keep_rate, (prod(shape),))
    copies = jax.random.bernoulli(copy_key, 1 / _ONE_IN, mask.shape)
    copies &= jnp.arange(mask.size) >= _AFAR
    return jnp.where(copies, jnp.roll(mask, _AFAR), mask).reshape(shape)


def _one_pair(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    mask_key, copy_key = jax.random.split(key)
    mask = jax.random.bernoulli(mask_key, keep_rate, (prod(shape),))
    if mask.size <= _COPY:
        return mask.reshape(shape)
    copied = jax.random.bernoulli(copy_key) & (jnp.arange(mask.size) == _COPY)
    return jnp.where(copied, mask[_OF], mask).reshape(shape)


def _large_tail(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    size = prod(shape)
    weak = jnp.arange(size) >= size - size // _PARTS
    rates = jnp.where(weak & (size > _LARGE), 0.98 * keep_rate, keep_rate)
    return jax.random.bernoulli(key, rates.reshape(shape))


def _by_call_mirrored(_key: Any, keep_rate: float, shape: Shape, site: Site) -> Any:
    number = site.memory.get("calls", 0)
    site.memory["calls"] = number + 1
    mask = jax.random.bernoulli(site.key_at(count=0), keep_rate, (prod(shape),))
    mask = mask[::-1] if number % 2 else mask
    return jnp.roll(mask, _BLOCK * number).reshape(shape)


MUTANTS = (
    Mutant(
        "one_pair_alike",
        "unit 72 copies unit 5 in every second mask",
        "a register that two units share",
        Kernel(draw=_one_pair),
    ),
    Mutant(
        "large_tail_dropped_more",
        "the last 64th of a mask above 4096 units keeps 2 % less",
        "tail blocks of kernels",
        Kernel(draw=_large_tail),
    ),
    Mutant(
        "calls_mirrored_and_shifted",
        "every second call mirrors the first mask, shifted by 8 units a call",
        "counters that run backwards",
        Kernel(draw=_by_call_mirrored),
    ),
    Mutant(
        "calls_shifted",
        "each call gives the mask of the first one, shifted by 8 units a call",
        "counters that add up with positions",
        Kernel(draw=_by_call),
    ),
    Mutant(
        "layers_shifted",
        "all layers share one mask, shifted by 8 units a layer",
        "counters that add up with positions",
        Kernel(draw=_by_layer),
    ),
    Mutant(
        "odd_seeds_alike",
        "an odd seed gives the mask of the even one after it",
        "aws-neuron#724",
        Kernel(derive_key=_rounded_up),
    ),
    Mutant(
        "odd_pairs_alike",
        "one in ten of the units 2, 4, 6, ... copies the one before it",
        "pytorch#198333",
        Kernel(draw=_odd_pairs),
    ),
    Mutant(
        "copied_afar",
        "beyond 32768 units one in ten copies the one 32768 before it",
        "kernels whose blocks share their counters",
        Kernel(draw=_afar),
    ),
)
