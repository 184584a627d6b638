"""Explanation of an evaluation that is no identity: it is a function of the input alone.

Guarantee: the output was the same bits at two rates, with each of several keys and with none. It
changes no verdict: whether the function is meant, the layer has to say.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_props.properties.bits import same_bits
from dropout_props.subjects.rounding import is_product
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
    is_layer = traits.reference == "input" and traits.eval_mode
    if not is_layer or "float32" not in traits.dtypes or traits.rate in (0.0, 1.0):
        return ""
    sampler = replace(sampler, case=replace(sampler.case, dtype="float32", values="distinct"))
    try:
        outputs = _evaluations(sampler)
    except (SubjectError, Unsupported):
        return ""
    x = np.asarray(sampler.inputs())
    if traits.evaluation == "same" and _is_scaled(outputs, x, sampler):
        return _SCALED
    first = outputs[0]
    if same_bits(first, x) or not all(same_bits(one, first) for one in outputs):
        return ""
    factors = first.astype(np.float64) / np.where(x == 0, 1.0, x)
    factor = float(np.median(factors))
    if np.ptp(factors) <= _SPREAD * abs(factor):
        return _MEANT.format(f"{factor:.6g} times its input")
    return _MEANT.format("another function of its input")


_SCALED = (
    "evaluation returns keep times its input; if training does not scale, as in the first paper on "
    "dropout, say kept='unscaled' and evaluation='scaled'"
)
_MEANT = (
    "evaluation returns {}, the same at every rate and under every key; if the layer is meant to "
    "transform what it drops, it is a model: say kind='model'"
)


def _evaluations(sampler: Sampler) -> list[np.ndarray[Any, Any]]:
    keys = [{}, *map(sampler.streams, sampler.key_list(_KEYS, role="evaluated"))]
    return [
        np.asarray(sampler.subject.call(sampler.inputs(), rate=rate, training=False, streams=key))
        for rate in _rates(sampler)
        for key in keys
    ]


def _rates(sampler: Sampler) -> tuple[float, ...]:
    rate = sampler.subject.traits.rate
    return _RATES if rate is None else (rate,)


def _is_scaled(outputs: list[np.ndarray[Any, Any]], x: Any, sampler: Sampler) -> bool:
    rates = [rate for rate in _rates(sampler) for _ in range(_KEYS + 1)]
    pairs = zip(outputs, rates, strict=True)
    return all(is_product(one, x, 1.0 - rate).all() for one, rate in pairs)
