"""Adapts a case to the limits of a subject, so that properties need not know them.

A subject with a fixed rate, or one that needs an axis of features, does not accept every case. It
gets the nearest case that it accepts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_props.cases.case import SMALL
from dropout_props.subjects.inputs import Given, shape_of

if TYPE_CHECKING:
    from dropout_props.cases.case import Case
    from dropout_props.subjects.subject import Traits

__all__ = ["fit", "shows_mask"]

_OF_MODEL = ((128,), (8, 16), (4, 4, 8), (4, 4, 4, 4), (4, 2, 2, 2, 4))  # by rank, from 1
_BATCHED = 2  # axes of a batch of examples
_PART = 4  # units along each of several axes that are not shared, but the last
_ROW = 2  # units along each shared axis: enough to show sharing, and few, to draw many rows


def fit(case: Case, traits: Traits) -> Case:
    """Return `case`, or the nearest case that a subject with these traits accepts."""
    if traits.rate is not None:
        case = replace(case, rate=traits.rate)
    if traits.inputs and isinstance(traits.inputs[0], Given):
        given = traits.inputs[case.seed % len(traits.inputs)]
        array = given.array
        values = given.name if shows_mask(array, traits) else "distinct"
        case = replace(case, shape=array.shape, dtype=str(array.dtype), values=values)
    if not {0.0: traits.rate_zero, 1.0: traits.rate_one}.get(case.rate, True):
        case = replace(case, rate=0.5)
    if not (traits.broadcast_dims or traits.shares):
        case = replace(case, broadcast_dims=())
    if case.dtype not in (*traits.dtypes, *traits.wide_dtypes):
        case = replace(case, dtype=traits.dtypes[-1])
    if not traits.nonfinite and case.values == "special":
        case = replace(case, values="distinct")
    shape = _shape(case, traits)
    if shape != case.shape:
        case = replace(case, shape=shape)
    if traits.output_law.is_noise:
        case = _with_variance(case)
    return _sharing(case, traits) if traits.shares else case


def shows_mask(array: np.ndarray[Any, Any], traits: Traits) -> bool:
    """Return whether dropped units of this input differ from kept ones, where it matters.

    A kept 0 looks dropped, and a dropped NaN or infinity may look kept.
    """
    if not traits.output_law.shows_mask or array.dtype.kind in "iub":
        return True
    values = array.astype(np.float64)
    return bool(np.isfinite(values).all() and (values != 0).all())


def _shape(case: Case, traits: Traits) -> tuple[int, ...]:
    """Return the nearest shape of an allowed rank and allowed sizes."""
    if traits.inputs is not None:
        is_given = isinstance(traits.inputs[0], Given) if traits.inputs else False
        return case.shape if is_given else shape_of(traits.inputs, case.size)
    shape = case.shape if traits.empty else tuple(n or 1 for n in case.shape)
    if not traits.output_law.shows_mask and case.size > 1:
        shape = _of_model(shape, traits)
    if len(shape) < traits.min_rank:
        shape = (1,) * (traits.min_rank - len(shape)) + shape
    if traits.max_rank is not None and len(shape) > traits.max_rank:
        shape = shape[-traits.max_rank :]
    least = (0,) * len(shape) + traits.least_sizes
    return tuple(map(max, shape, least[len(least) - len(shape) :])) if 0 not in shape else shape


def _of_model(shape: tuple[int, ...], traits: Traits) -> tuple[int, ...]:
    """Return the one shape of its rank that a model is judged on.

    A model compiles every shape, and may draw one mask for a whole example or token: it gets few
    shapes, and several of each. One example alone would be nothing after a BatchNorm.
    """
    most = len(_OF_MODEL) if traits.max_rank is None else traits.max_rank
    rank = min(max(len(shape), traits.min_rank, _BATCHED), most)
    return _OF_MODEL[rank - 1] if 0 < rank <= len(_OF_MODEL) else shape


def _with_variance(case: Case) -> Case:
    """Return a case in which noise has a variance and the input is too small to absorb it."""
    if case.rate == 1.0:
        case = replace(case, rate=0.5)
    return replace(case, values=SMALL) if case.values in ("distinct", "negative") else case


def _sharing(case: Case, traits: Traits) -> Case:
    """Return the case with the axes that the layer shares, and as many independent units.

    Each shared axis gets a few units. The others hold as many units together as the whole case
    did, so that two masks differ as surely; where they are several, each gets more than one, so
    that sharing along a wrong axis shows.
    """
    shared = traits.shared_of(len(case.shape))
    if case.broadcast_dims == shared or not shared:
        return replace(case, broadcast_dims=shared)
    free = [axis for axis in range(len(case.shape)) if axis not in shared]
    lengths = [min(n, _ROW) for n in case.shape]
    if not free:
        return replace(case, broadcast_dims=shared)
    units = case.size
    for axis in free[:-1]:
        at_least = max(case.shape[axis], 1)
        if at_least == 1 and units > _PART and units % _PART == 0:
            at_least = _PART
        lengths[axis] = at_least if units % at_least == 0 else 1
        units //= lengths[axis]
    lengths[free[-1]] = units
    return replace(case, shape=tuple(lengths), broadcast_dims=shared)
