"""Faults of dtypes, special values and the kinds of keys."""

from __future__ import annotations

from typing import Any, cast

import jax
import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel, Shape, Site
from dropout_props.selftest.mutants.mutant import Mutant

__all__ = ["MUTANTS"]


def _promoted(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    return jnp.where(mask, x.astype(jnp.float32) / keep_rate, 0.0)


def _axis_added(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    return jnp.atleast_1d(jnp.where(mask, x / keep_rate, jnp.zeros_like(x)))


def _integers_promoted(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    return jnp.where(mask, x / keep_rate, 0)


def _integers_rounded(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    return jnp.where(mask, x / keep_rate, 0).astype(x.dtype)


def _nan_hidden(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    clean = jnp.where(jnp.isnan(x), jnp.zeros_like(x), x)
    return jnp.where(mask, clean / keep_rate, jnp.zeros_like(x))


def _early_overflow(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    # The square keeps XLA from folding both factors into one.
    return jnp.where(mask, x * (1.0 / keep_rate) ** 2 * keep_rate, jnp.zeros_like(x))


def _clipped(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    largest = cast("Any", jnp).finfo(x.dtype).max
    clipped = jnp.clip(x / keep_rate, -largest, largest)
    return jnp.where(mask, clipped.astype(x.dtype), jnp.zeros_like(x))


def _raw_folded(site: Site) -> Any:
    raw = site.root_key.dtype == jnp.uint32
    key = site.issue()
    return jax.random.fold_in(key, 1) if raw else key


def _rbg_ignored(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    if key.dtype != jnp.uint32 and jax.random.key_data(key).shape[-1] > 2:  # noqa: PLR2004
        key = jax.random.key(0)
    return jax.random.bernoulli(key, keep_rate, shape)


MUTANTS = (
    Mutant(
        "promote_f32",
        "computes in float32, and returns float32",
        "mlx#1321",
        Kernel(combine=_promoted),
    ),
    Mutant(
        "axis_added",
        "a scalar is returned as a vector of length 1",
        "at-least-1d helpers",
        Kernel(combine=_axis_added),
    ),
    Mutant(
        "rate_unchecked",
        "any number is accepted as a rate",
        "flax, always",
        Kernel(),
        live=True,
    ),
    Mutant(
        "integers_promoted",
        "integers are returned as floats",
        "d2l dropout_layer",
        Kernel(combine=_integers_promoted),
    ),
    Mutant(
        "integers_rounded",
        "integers are returned rounded",
        "casts to the input's dtype",
        Kernel(combine=_integers_rounded),
    ),
    Mutant(
        "nan_hidden",
        "a kept NaN becomes 0",
        "nan_to_num in training loops",
        Kernel(combine=_nan_hidden),
    ),
    Mutant(
        "early_overflow",
        "x / keep^2 * keep overflows in between",
        "half precision kernels",
        Kernel(combine=_early_overflow),
    ),
    Mutant(
        "overflow_hidden",
        "an overflow is clipped to the largest number",
        "saturating casts",
        Kernel(combine=_clipped),
    ),
    Mutant(
        "raw_key_folded",
        "a raw key is treated differently from a typed key",
        "flax 0.7.4",
        Kernel(derive_key=_raw_folded),
        apis=("linen",),  # nnx.Rngs converts every key to a typed one
    ),
    Mutant(
        "rbg_ignored",
        "keys of four words are replaced by a constant",
        "jax#20094",
        Kernel(draw=_rbg_ignored),
    ),
)
