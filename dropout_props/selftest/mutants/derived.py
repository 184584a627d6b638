"""Correct layers whose masks differ from those of the published derivation."""

from __future__ import annotations

from typing import Any

import jax

from dropout_props.selftest.kernel.kernel import Kernel, Shape
from dropout_props.selftest.mutants.mutant import Mutant

__all__ = ["MUTANTS"]


def _at_least_rate(key: Any, keep_rate: float, shape: Shape, _site: Any) -> Any:
    return jax.random.uniform(key, shape) >= 1.0 - keep_rate


MUTANTS = (
    Mutant(
        "extra_fold",
        "the key is folded once more",
        "flax 0.9.0, 0.10.2 and 0.11.0",
        Kernel(derive_key=lambda site: jax.random.fold_in(site.issue(), 1)),
        derived=True,
    ),
    Mutant(
        "other_comparison",
        "u >= rate in place of u < keep",
        "rewrites of bernoulli",
        Kernel(draw=_at_least_rate),
        derived=True,
    ),
)
