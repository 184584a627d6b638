"""Models that are linear in their masks but for one bug, which changes their mean."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel
from dropout_props.selftest.mutants.mutant import Mutant

__all__ = ["MUTANTS"]

_LINEAR = {"law": "composite", "reference": "eval", "linear": True}


def _unscaled(x: Any, mask: Any, _keep_rate: float, _key: Any) -> Any:
    return jnp.where(mask, x, jnp.zeros_like(x))


def _renormalised(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    """Give each row the sum that it had, as a softmax does that is normalised after dropout."""
    kept = jnp.where(mask, x / keep_rate, jnp.zeros_like(x))
    total = kept.sum(axis=-1, keepdims=True)
    rows = kept * (x.sum(axis=-1, keepdims=True) / jnp.where(total == 0, 1, total))
    return rows.astype(x.dtype)


MUTANTS = (
    Mutant(
        "mean_not_scaled",
        "kept units inside a model are not divided by keep",
        "tutorials that scale in evaluation, and models that forget it there",
        Kernel(combine=_unscaled),
        traits=_LINEAR,
    ),
    Mutant(
        "mean_renormalised",
        "attention weights are normalised after dropout",
        "nki-samples#80",
        Kernel(combine=_renormalised),
        traits={**_LINEAR, "min_rank": 2},
    ),
)
