"""Faults of the probability with which a unit is kept."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel, Shape, Site
from dropout_props.selftest.mutants.mutant import Mutant

__all__ = ["MUTANTS"]


def _biased(key: Any, keep_rate: float, shape: Shape, _site: Any, *, factor: float) -> Any:
    return jax.random.bernoulli(key, min(1.0, factor * keep_rate), shape)


def _swapped(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    return jax.random.bernoulli(key, 1.0 - keep_rate, shape)


def _uint8(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    return jax.random.bits(key, shape, "uint8") <= int(keep_rate * 255)


def _bf16_floor(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    uniform = jax.random.uniform(key, shape, jnp.bfloat16)
    return jnp.floor(jnp.bfloat16(keep_rate) + uniform) > 0


def _own_dtype(key: Any, keep_rate: float, shape: Shape, site: Site) -> Any:
    dtype = site.x.dtype if jnp.issubdtype(site.x.dtype, jnp.floating) else jnp.float32
    return jax.random.uniform(key, shape, dtype) < jnp.asarray(keep_rate, dtype)


def _usual_rate(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    off = 0.02 if 0.75 < keep_rate <= 0.85 else 0.0  # noqa: PLR2004
    return jax.random.bernoulli(key, keep_rate - off, shape)


def _ramp(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    slope = (
        0.1 * min(keep_rate, 1.0 - keep_rate) * jnp.linspace(-1.0, 1.0, prod(shape)).reshape(shape)
    )
    return jax.random.uniform(key, shape) < keep_rate + slope


def _first_kept(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    mask = jax.random.bernoulli(key, keep_rate, shape).reshape(-1)
    return mask.at[:1].set(True).reshape(shape)


def _last_kept(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    mask = jax.random.bernoulli(key, keep_rate, shape).reshape(-1)
    return mask.at[-1:].set(True).reshape(shape)


def _halves(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    size = prod(shape)
    step = 0.03 * min(keep_rate, 1.0 - keep_rate)
    sign = jnp.where(jnp.arange(size) < size // 2, 1.0, -1.0).reshape(shape)
    return jax.random.uniform(key, shape) < keep_rate + step * sign


def _uint16(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    threshold = jnp.uint32(round(keep_rate * 2**16))
    return jax.random.bits(key, shape, "uint16").astype(jnp.uint32) < threshold


def _f16(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    return jax.random.uniform(key, shape) < jnp.float16(keep_rate).astype(jnp.float32)


def _small_ignored(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    return jax.random.bernoulli(key, 1.0 if keep_rate > 0.9999 else keep_rate, shape)  # noqa: PLR2004


_BIASES = {"bias_1pct": 1.01, "bias_0.3pct": 1.003, "bias_0.1pct": 1.001}

MUTANTS = (
    Mutant(
        "uniforms_of_input_dtype",
        "uniform numbers of the dtype of the input: in bfloat16 a rate of 0.001 drops nothing",
        "EfficientNet drop_connect",
        Kernel(draw=_own_dtype),
    ),
    Mutant(
        "usual_rate_off",
        "a tenth too many are dropped at rates from 0.15 to 0.25",
        "tables of thresholds",
        Kernel(draw=_usual_rate),
    ),
    *(
        Mutant(
            name,
            f"the keep probability is multiplied by {factor}",
            "pytorch#26864",
            Kernel(draw=partial(_biased, factor=factor)),
        )
        for name, factor in _BIASES.items()
    ),
    Mutant(
        "rate_for_keep",
        "the rate is used as the keep probability",
        "TensorFlow-Examples#205, keras#24845",
        Kernel(draw=_swapped),
    ),
    Mutant(
        "uint8_thresh",
        "the keep probability is rounded to 8 bits",
        "apex#1614, TransformerEngine#2014",
        Kernel(draw=_uint8),
    ),
    Mutant(
        "bf16_floor",
        "floor(keep + u) in bfloat16",
        "EfficientNet drop_connect",
        Kernel(draw=_bf16_floor),
    ),
    Mutant(
        "uint16_thresh",
        "the keep probability is rounded to 16 bits",
        "apex#1614",
        Kernel(draw=_uint16),
    ),
    Mutant(
        "f16_thresh",
        "the keep probability is rounded to float16",
        "jax#28017",
        Kernel(draw=_f16),
    ),
    Mutant(
        "small_rate_ignored",
        "rates below 1e-4 drop nothing",
        "jax#28017",
        Kernel(draw=_small_ignored),
    ),
    Mutant(
        "position_ramp",
        "the keep probability rises along the mask; its mean is right",
        "position-dependent kernels",
        Kernel(draw=_ramp),
    ),
    Mutant(
        "first_never_dropped",
        "the first unit is always kept",
        "tail handling of vector kernels",
        Kernel(draw=_first_kept),
    ),
    Mutant(
        "last_never_dropped",
        "the last unit is always kept",
        "tail handling of vector kernels",
        Kernel(draw=_last_kept),
    ),
    Mutant(
        "halves_differ",
        "the first half is kept a little more often than the second; the mean is right",
        "position-dependent kernels",
        Kernel(draw=_halves),
    ),
)
