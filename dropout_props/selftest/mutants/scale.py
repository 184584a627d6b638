"""Faults of the value of a kept unit."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel
from dropout_props.selftest.mutants.mutant import Mutant

__all__ = ["MUTANTS"]


def _by_rate(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    return jnp.where(mask, x / (1.0 - keep_rate), jnp.zeros_like(x))


def _unscaled(x: Any, mask: Any, _keep_rate: float, _key: Any) -> Any:
    return jnp.where(mask, x, jnp.zeros_like(x))


def _twice(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    return jnp.where(mask, x / keep_rate / keep_rate, jnp.zeros_like(x))


def _product(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    return x * (mask.astype(x.dtype) / keep_rate)


def _noisy(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    return jnp.where(mask, x / keep_rate * 1.001, jnp.zeros_like(x))


MUTANTS = (
    Mutant(
        "scale_inv_rate",
        "kept units are divided by the rate",
        "theanets#123, kaldi#2814, apex#816",
        Kernel(combine=_by_rate),
    ),
    Mutant(
        "scale_missing",
        "kept units are not scaled",
        "tinygrad#170",
        Kernel(combine=_unscaled),
    ),
    Mutant(
        "scale_twice",
        "kept units are scaled twice",
        "mlpractical#32",
        Kernel(combine=_twice),
    ),
    Mutant(
        "mult_mask",
        "x * (mask / keep): a dropped NaN or infinity gives NaN",
        "pytorch#59421, tinygrad#11760",
        Kernel(combine=_product),
    ),
    Mutant(
        "kept_noise",
        "kept units are off by one in a thousand",
        "mlx#1321",
        Kernel(combine=_noisy),
    ),
)
