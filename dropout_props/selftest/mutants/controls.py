"""Correct layers that are built in other ways; no property may flag them."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel, Shape
from dropout_props.selftest.mutants.mutant import Mutant

__all__ = ["CONTROLS"]


def _at_least_rate(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    return jax.random.uniform(key, shape) >= 1.0 - keep_rate


def _integer_threshold(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    threshold = min(round(float(keep_rate) * 2**32), 2**32 - 1)
    return jax.random.bits(key, shape, "uint32") < jnp.uint32(threshold)


def _complement(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    return ~jax.random.bernoulli(key, 1.0 - keep_rate, shape)


def _backwards(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    mask = jax.random.bernoulli(key, keep_rate, shape)
    return mask.reshape(-1)[::-1].reshape(shape)


def _two_coins(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    first, second = jax.random.split(key)
    half = keep_rate**0.5
    return jax.random.bernoulli(first, half, shape) & jax.random.bernoulli(second, half, shape)


def _reciprocal(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    return jax.lax.select(mask, x * (1.0 / keep_rate), jnp.zeros_like(x))


def _twice_selected(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    kept = jax.lax.select(mask, x, jnp.zeros_like(x))
    return jax.lax.select(mask, kept / keep_rate, jnp.zeros_like(x))


def _control(name: str, change: str, kernel: Kernel) -> Mutant:
    return Mutant(name, change, "correct", kernel)


CONTROLS = (
    _control("plain", "no change", Kernel()),
    _control(
        "other_stream",
        "a constant is folded into the key",
        Kernel(derive_key=lambda site: jax.random.fold_in(site.issue(), 77)),
    ),
    _control("at_least_rate", "u >= rate in place of u < keep", Kernel(draw=_at_least_rate)),
    _control(
        "reciprocal", "x * (1/keep) in place of x / keep: 1 ulp apart", Kernel(combine=_reciprocal)
    ),
    _control("integer_threshold", "a threshold on 32 random bits", Kernel(draw=_integer_threshold)),
    _control("complement", "not bernoulli(rate)", Kernel(draw=_complement)),
    _control("backwards", "the mask is drawn from its end", Kernel(draw=_backwards)),
    _control("two_coins", "two coins of probability sqrt(keep)", Kernel(draw=_two_coins)),
    _control(
        "twice_selected", "selected before and after scaling", Kernel(combine=_twice_selected)
    ),
)
