"""Faults that appear under a transform."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.selftest.kernel.kernel import Kernel, Shape
from dropout_props.selftest.mutants.mutant import Mutant
from dropout_props.selftest.mutants.words import drawn_from, words_of

__all__ = ["MUTANTS"]


def _is_traced(value: Any) -> bool:
    return isinstance(value, jax.core.Tracer)


def _otherwise(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    key = jax.random.fold_in(key, 1) if _is_traced(key) else key
    return jax.random.bernoulli(key, keep_rate, shape)


def _baked(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    if _is_traced(key):  # the host draws while the program is traced
        return jnp.asarray(np.random.default_rng().random(shape) < keep_rate)
    return jax.random.bernoulli(key, keep_rate, shape)


def _batched(
    key: Any,
    keep_rate: float,
    shape: Shape,
    _site: Any,
    *,
    rows: Callable[[Any], Any],
) -> Any:
    """Draw the mask of one key correctly, and replace those of a batch by `rows` of them."""

    @jax.custom_batching.custom_vmap
    def draw(words: Any) -> Any:
        return drawn_from(words, keep_rate, shape)

    @draw.def_vmap
    def _rule(_axis_size: int, _in_batched: Any, words: Any) -> Any:
        return rows(jax.vmap(draw.fun)(words)), True

    return draw(words_of(key))


def _first_of(masks: Any) -> Any:
    return jnp.broadcast_to(masks[:1], masks.shape)


def _half_of_the_first(masks: Any) -> Any:
    half = np.arange(masks[0].size).reshape(masks[0].shape) % 2 == 0
    return jnp.where(half, masks[:1], masks)


def _captured(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    key = jax.random.key(0) if _is_traced(key) else key
    return jax.random.bernoulli(key, keep_rate, shape)


def _first_shard(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    words = words_of(key)
    with suppress(NameError):  # the axis exists only in a program over devices
        words = jax.lax.all_gather(words, "devices")[0]
    return drawn_from(words, keep_rate, shape)


def _at_one_half(key: Any, keep_rate: Any, shape: Shape, _site: Any) -> Any:
    return jax.random.bernoulli(key, 0.5 if _is_traced(keep_rate) else keep_rate, shape)


def _scaled_where_known(x: Any, mask: Any, keep_rate: Any, _key: Any) -> Any:
    return jnp.where(mask, x if _is_traced(keep_rate) else x / keep_rate, jnp.zeros_like(x))


MUTANTS = (
    Mutant(
        "scan_same_key",
        "a traced body uses one key for all its steps",
        "flax#4950",
        Kernel(draw=_captured),
    ),
    Mutant(
        "shard_same",
        "every device uses the key of the first",
        "tt-metal#16822, Megatron-LM#1256",
        Kernel(draw=_first_shard),
    ),
    Mutant(
        "traced_otherwise",
        "a traced call derives another key than an eager call",
        "flax nn.jit paths, 0.9.0",
        Kernel(draw=_otherwise),
    ),
    Mutant(
        "trace_baked",
        "the host draws the mask while the program is traced",
        "pytorch#185600, flax#4950",
        Kernel(draw=_baked),
    ),
    Mutant(
        "traced_rate_forgotten",
        "where the rate is traced, units are dropped at a default",
        "configs that need a float",
        Kernel(draw=_at_one_half, order=("evaluate",)),
    ),
    Mutant(
        "traced_rate_unscaled",
        "where the rate is traced, kept units are not scaled",
        "branches on isinstance(rate, float)",
        Kernel(combine=_scaled_where_known, order=("evaluate",)),
    ),
    Mutant(
        "vmap_first_key",
        "every row of a batch uses the key of the first",
        "functorch#575, equinox#316",
        Kernel(draw=partial(_batched, rows=_first_of)),
    ),
    Mutant(
        "vmap_half_shared",
        "the rows of a batch share every second unit",
        "vmap_first_key, by halves",
        Kernel(draw=partial(_batched, rows=_half_of_the_first)),
    ),
)
