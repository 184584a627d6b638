"""Layers of noise that is too small, or that has another law than they say."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel
from dropout_props.selftest.mutants.mutant import Mutant

__all__ = ["MUTANTS", "spread"]


def spread(reference: Any, rate: float) -> Any:
    """Return the standard deviation of dropout at this rate."""
    return abs(reference) * (rate / (1.0 - rate)) ** 0.5


# They draw noise of the whole shape, whatever is to share it: DP207 alone kills them.
_SIZED = {"law": "noise", "spread": spread, "rate_one": False, "broadcast_dims": False}


def _too_small(x: Any, _mask: Any, keep_rate: float, key: Any) -> Any:
    noise = jax.random.normal(key, x.shape, x.dtype)
    return x + 0.95 * spread(x, 1.0 - keep_rate).astype(x.dtype) * noise


def _uniform(x: Any, _mask: Any, keep_rate: float, key: Any) -> Any:
    noise = jax.random.uniform(key, x.shape, x.dtype, -1.0, 1.0) * jnp.sqrt(3.0).astype(x.dtype)
    return x + spread(x, 1.0 - keep_rate).astype(x.dtype) * noise


MUTANTS = (
    Mutant(
        "noise_too_small",
        "the noise is 5 % smaller than the layer says",
        "a variance where a standard deviation was meant, near the rate where they agree",
        Kernel(combine=_too_small),
        traits=_SIZED,
    ),
    Mutant(
        "noise_uniform",
        "uniform noise of the right variance in a layer that says normal",
        "Gaussian dropout with a uniform generator",
        Kernel(combine=_uniform),
        traits=_SIZED,
    ),
)
