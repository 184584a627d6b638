"""Faults of the axes along which one mask is shared."""

from __future__ import annotations

from dropout_props.selftest.kernel.kernel import Kernel, Shape
from dropout_props.selftest.mutants.mutant import Mutant

__all__ = ["MUTANTS"]


def _ignored(shape: Shape, dims: tuple[int, ...]) -> Shape:  # noqa: ARG001
    return shape


def _next_axis(shape: Shape, dims: tuple[int, ...]) -> Shape:
    shared = {(dim + 1) % len(shape) for dim in dims}
    return tuple(1 if axis in shared else n for axis, n in enumerate(shape))


def _listed(shape: Shape, dims: tuple[int, ...]) -> Shape:
    return tuple(1 if axis in dims else n for axis, n in enumerate(shape))


MUTANTS = (
    Mutant(
        "broadcast_ignored",
        "the broadcast dims have no effect",
        "keras#217",
        Kernel(mask_shape=_ignored),
    ),
    Mutant(
        "wrong_broadcast_axis",
        "the mask is shared along the axis after the listed one",
        "pytorch#69801",
        Kernel(mask_shape=_next_axis),
    ),
    Mutant(
        "negative_dims_ignored",
        "negative broadcast dims have no effect",
        "pytorch#69801",
        Kernel(mask_shape=_listed),
    ),
)
