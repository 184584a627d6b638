"""Faults that show with dtypes of 64 bits, complex or of 8 bits, and with rates of 16 bits."""

from __future__ import annotations

from math import floor, log2
from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel, Shape, Site
from dropout_props.selftest.mutants.mutant import Mutant

__all__ = ["MUTANTS"]


def _scaled(x: Any, mask: Any, quotient: Any) -> Any:
    return jax.lax.select(mask, quotient.astype(x.dtype), jnp.zeros_like(x))


def _through_float32(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    passed = x.astype(jnp.float32) if x.dtype == jnp.float64 else x
    return _scaled(x, mask, passed / keep_rate)


def _imaginary_unscaled(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    if not jnp.iscomplexobj(x):
        return _scaled(x, mask, x / keep_rate)
    return _scaled(x, mask, jax.lax.complex(x.real / keep_rate, x.imag))


def _power_of_two(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    factor = 1.0 / keep_rate
    if x.dtype.itemsize == 1:
        factor = 2.0 ** floor(log2(factor))
    return _scaled(x, mask, x * factor)


def _draw_in_own_dtype(key: Any, keep_rate: float, shape: Shape, site: Site) -> Any:
    dtype = jnp.float64 if site.x.dtype == jnp.float64 else jnp.float32
    return jax.random.uniform(key, shape, dtype) < keep_rate


def _in_the_rates_precision(x: Any, mask: Any, keep_rate: Any, _key: Any) -> Any:
    dtype = getattr(keep_rate, "dtype", x.dtype)  # a float has none
    return _scaled(x, mask, x.astype(dtype) / keep_rate)


MUTANTS = (
    Mutant(
        "through_float32",
        "float64 is computed in float32",
        "kernels that cast",
        Kernel(combine=_through_float32),
    ),
    Mutant(
        "imaginary_unscaled",
        "the imaginary part is masked, and not scaled",
        "complex written as two reals",
        Kernel(combine=_imaginary_unscaled),
    ),
    Mutant(
        "power_of_two_scale",
        "float8 is scaled by a power of two",
        "block scales of 8-bit formats",
        Kernel(combine=_power_of_two),
    ),
    Mutant(
        "mask_in_own_dtype",
        "float64 inputs draw another mask",
        "uniform(dtype=x.dtype)",
        Kernel(draw=_draw_in_own_dtype),
    ),
    Mutant(
        "rate_leaks",
        "a rate in half precision makes keep half as precise",
        "flax, always",
        Kernel(),
        live=True,
    ),
    Mutant(
        "rate_sets_precision",
        "the input is cast to the dtype of the rate",
        "jnp.asarray(x, rate.dtype)",
        Kernel(combine=_in_the_rates_precision),
    ),
)
