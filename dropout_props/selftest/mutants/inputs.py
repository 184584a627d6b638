"""Faults of masks that depend on the input."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel, Shape, Site
from dropout_props.selftest.mutants.mutant import Mutant

__all__ = ["MUTANTS"]


def _summed_input(site: Site) -> Any:
    total = jnp.nan_to_num(jnp.abs(site.x.astype(jnp.float32)).sum()).astype(jnp.uint32)
    return jax.random.fold_in(site.issue(), total)


def _sign_of_input(key: Any, keep_rate: float, shape: Shape, site: Site) -> Any:
    tilt = 0.05 * min(keep_rate, 1.0 - keep_rate) * jnp.sign(site.x.astype(jnp.float32))
    return jax.random.uniform(key, shape) < keep_rate + jnp.nan_to_num(tilt)


def _size_of_input(key: Any, keep_rate: float, shape: Shape, site: Site) -> Any:
    size = jnp.nan_to_num(jnp.abs(site.x.astype(jnp.float32)))
    tilt = 0.1 * min(keep_rate, 1.0 - keep_rate) * jnp.where(size > 30.0, 1.0, -1.0)  # noqa: PLR2004
    return jax.random.uniform(key, shape) < keep_rate + tilt


def _small_inputs(key: Any, keep_rate: float, shape: Shape, site: Site) -> Any:
    small = jnp.abs(site.x.astype(jnp.float32)) < 0.9  # noqa: PLR2004
    tilt = 0.5 * min(keep_rate, 1.0 - keep_rate) * jnp.where(small, 1.0, 0.0)
    return jax.random.uniform(key, shape) < keep_rate - tilt


MUTANTS = (
    Mutant(
        "small_dropped_more",
        "inputs below 0.9 are dropped more often",
        "kaldi#3890",
        Kernel(draw=_small_inputs),
    ),
    Mutant(
        "size_dependent",
        "large inputs are kept more often",
        "kaldi#3890",
        Kernel(draw=_size_of_input),
    ),
    Mutant(
        "input_dependent",
        "the sum of the input is folded into the key",
        "kaldi#3890",
        Kernel(derive_key=_summed_input),
    ),
    Mutant(
        "sign_dependent",
        "positive units are kept a little more often",
        "kaldi#3890",
        Kernel(draw=_sign_of_input),
    ),
)
