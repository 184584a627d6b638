"""Faults that the output of a later layer shows more clearly than single units do."""

from __future__ import annotations

from math import prod
from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel, Shape
from dropout_props.selftest.mutants.mutant import Mutant

__all__ = ["MUTANTS"]


def _comb(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    """Keep one unit of each pair more often and the other less; an odd last unit is correct."""
    size = prod(shape)
    place = jnp.arange(size)
    sign = jnp.where(place < size - size % 2, 1.0 - 2.0 * (place % 2), 0.0)
    shift = 0.008 * (keep_rate * (1.0 - keep_rate)) ** 0.5
    return jax.random.uniform(key, shape) < keep_rate + shift * sign.reshape(shape)


def _coarse(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    if isinstance(x, jax.core.Tracer):  # an input of a whole traced program
        scale = jnp.asarray(1.0 / keep_rate, jnp.bfloat16).astype(x.dtype)
        return jnp.where(mask, x * scale, jnp.zeros_like(x))
    return jnp.where(mask, x / keep_rate, jnp.zeros_like(x))


MUTANTS = (
    Mutant(
        "comb",
        "even places are kept a little more often than odd ones; the mean of each pair is right",
        "kernels that cut two units from one random word",
        Kernel(draw=_comb),
    ),
    Mutant(
        "coarse_where_traced",
        "in a traced program the scale is rounded to bfloat16",
        "fused kernels of mixed precision",
        Kernel(combine=_coarse),
    ),
)
