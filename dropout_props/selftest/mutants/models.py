"""Models that hide their masks, with one bug in what they toss."""

from __future__ import annotations

from typing import Any

import jax

from dropout_props.selftest.kernel.kernel import Kernel, Shape
from dropout_props.selftest.mutants.mutant import Mutant

__all__ = ["MUTANTS"]


def _ones(key: Any, _keep_rate: float, shape: Shape, _site: Any) -> Any:
    return jax.random.uniform(key, shape) < 1.0


MUTANTS = (
    Mutant(
        "mask_of_ones",
        "a model draws for its mask, and keeps every unit",
        "a rate that does not arrive",
        Kernel(draw=_ones),
        traits={"law": "composite", "reference": "eval"},
    ),
)
