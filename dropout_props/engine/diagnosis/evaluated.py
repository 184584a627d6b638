"""Explanation of an evaluation that is no identity: it is a function of the input alone.

Guarantee: the output was the same bits at two rates, with each of several keys and with none. It
changes no verdict: whether the function is meant, the layer has to say.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_props.properties.bits import same_bits
from dropout_props.subjects.subject import SubjectError, Unsupported

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

__all__ = ["function_of_input"]

_KEYS = 3
_RATES = (0.3, 0.6)
_SPREAD = 1e-5


def function_of_input(sampler: Sampler) -> str:
    """Return what the evaluation makes of the input, if that is no dropout; or nothing."""
    traits = sampler.subject.traits
    if traits.reference != "input" or not traits.eval_mode or "float32" not in traits.dtypes:
        return ""
    sampler = replace(sampler, case=replace(sampler.case, dtype="float32", values="distinct"))
    try:
        outputs = _evaluations(sampler)
    except (SubjectError, Unsupported):
        return ""
    first, x = outputs[0], np.asarray(sampler.inputs())
    if same_bits(first, x) or not all(same_bits(one, first) for one in outputs):
        return ""
    factors = first.astype(np.float64) / np.where(x == 0, 1.0, x)
    factor = float(np.median(factors))
    if np.ptp(factors) <= _SPREAD * abs(factor):
        return _MEANT.format(f"{factor:.6g} times its input")
    return _MEANT.format("another function of its input")


_MEANT = (
    "evaluation returns {}, the same at every rate and under every key; if the layer is meant to "
    "transform what it drops, it is a model: say kind='model'"
)


def _evaluations(sampler: Sampler) -> list[np.ndarray[Any, Any]]:
    traits = sampler.subject.traits
    keys = [{}, *map(sampler.streams, sampler.key_list(_KEYS, role="evaluated"))]
    return [
        np.asarray(sampler.subject.call(sampler.inputs(), rate=rate, training=False, streams=key))
        for rate in (_RATES if traits.rate is None else (traits.rate,))
        for key in keys
    ]
