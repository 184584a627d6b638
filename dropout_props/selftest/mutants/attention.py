"""Faults of the mask that a batch and its heads share, or do not share."""

from __future__ import annotations

from dropout_props.selftest.kernel.kernel import Kernel, Shape
from dropout_props.selftest.mutants.mutant import Mutant

__all__ = ["MUTANTS"]


def _heads(shape: Shape, dims: tuple[int, ...]) -> Shape:
    shared = {*dims, 1} if len(shape) > 1 else set(dims)
    return tuple(1 if axis in shared else n for axis, n in enumerate(shape))


def _batch_alone(shape: Shape, dims: tuple[int, ...]) -> Shape:
    return tuple(1 if axis == 0 and dims else n for axis, n in enumerate(shape))


MUTANTS = (
    Mutant(
        "heads_share",
        "all heads share one mask, even where the caller wants one mask per head",
        "pytorch#69801",
        Kernel(mask_shape=_heads),
        attention=True,
    ),
    Mutant(
        "sharing_ignored",
        "one mask per head, where the caller wants one mask for all",
        "keras#217",
        Kernel(mask_shape=_batch_alone),
        attention=True,
    ),
)
