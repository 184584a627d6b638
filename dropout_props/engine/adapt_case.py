"""The nearest case that a subject can be asked.

A subject with a fixed rate, or one that needs an axis of features, cannot be asked every case;
it is asked the nearest one, so that properties need not know of such limits.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dropout_props.cases.case import SMALL

if TYPE_CHECKING:
    from dropout_props.cases.case import Case
    from dropout_props.subjects.subject import Traits

__all__ = ["fit"]

_ROW = 2  # units along each shared axis: enough to differ, and few enough to draw many rows


def fit(case: Case, traits: Traits) -> Case:
    """Return `case`, or the nearest case that a subject with these traits can be asked."""
    if traits.rate is not None:
        case = replace(case, rate=traits.rate)
    if not traits.rate_one and case.rate == 1.0:
        case = replace(case, rate=0.5)
    if not (traits.broadcast_dims or traits.shares_rest):
        case = replace(case, broadcast_dims=())
    if case.dtype not in (*traits.dtypes, *traits.wide_dtypes):
        case = replace(case, dtype=traits.dtypes[-1])
    if not traits.nonfinite and case.values == "special":
        case = replace(case, values="distinct")
    if not traits.empty and 0 in case.shape:
        case = replace(case, shape=tuple(n or 1 for n in case.shape))
    if len(case.shape) < traits.min_rank:
        case = replace(case, shape=(1,) * (traits.min_rank - len(case.shape)) + case.shape)
    if traits.max_rank is not None and len(case.shape) > traits.max_rank:
        case = replace(case, shape=case.shape[-traits.max_rank :])
    if traits.law == "noise":
        case = _audible(case)
    return _in_rows(case) if traits.shares_rest else case


def _audible(case: Case) -> Case:
    """Ask noise where it has a variance, and beside an input that swallows none of it."""
    if case.rate == 1.0:
        case = replace(case, rate=0.5)
    return replace(case, values=SMALL) if case.values in ("distinct", "negative") else case


def _in_rows(case: Case) -> Case:
    """Share the mask along every axis but the first, which has as many rows as there were units.

    A property that asks for so many units, to be sure that two masks differ, has them still.
    """
    shared = tuple(range(1, len(case.shape)))
    if case.broadcast_dims == shared:
        return case
    rest = tuple(min(n, _ROW) for n in case.shape[1:])
    return replace(case, shape=(case.size, *rest), broadcast_dims=shared)
