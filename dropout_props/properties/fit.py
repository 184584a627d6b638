"""The nearest case that a subject can be asked.

A subject with a fixed rate, or one that needs an axis of features, cannot be asked every case;
it is asked the nearest one, so that claims need not know of such limits.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dropout_props.case import Case
    from dropout_props.subject import Traits

__all__ = ["fit"]


def fit(case: Case, traits: Traits) -> Case:
    """Return `case`, or the nearest case that a subject with these traits can be asked."""
    if traits.rate is not None:
        case = replace(case, rate=traits.rate)
    if not traits.rate_one and case.rate == 1.0:
        case = replace(case, rate=0.5)
    if not traits.broadcast_dims:
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
    return case
