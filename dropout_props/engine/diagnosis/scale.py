"""The explanations of wrong values: dropped units are not 0, or kept ones miss x/keep."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

__all__ = ["wrong_scale"]

_KEYS = 4
_SPREAD = 1e-5
_RATE = 0.3  # at 1/2 many wrong factors are alike
_PLACES = 8  # units of other inputs that share a value
_MEANT = "(if they are meant to be, declare dropped= and kept=)"


def wrong_scale(sampler: Sampler) -> str:
    """Return what dropped units are, or by which factor all kept ones are wrong; or nothing.

    A right layer has neither: its dropped units are 0, and other inputs give other kept units.
    """
    traits = sampler.subject.traits
    if "float32" not in traits.dtypes or not traits.output_law.is_plain:
        return ""
    rate = _RATE if traits.rate is None else traits.rate
    sampler = replace(sampler, case=replace(sampler.case, dtype="float32", rate=rate))
    x = np.asarray(sampler.subject.reference(sampler.inputs()), np.float64)
    outputs = sampler.outputs(sampler.keys(_KEYS)).astype(np.float64)
    kept = (outputs != 0) & (x != 0) & np.isfinite(outputs)
    if not kept.any():
        return ""
    if constant := _dropped_to(outputs, x):
        return f"dropped units are {constant:.6g} at rate {rate:g} {_MEANT}"
    factors = (outputs * sampler.case.keep / np.where(x == 0, 1.0, x))[kept]
    factor = float(np.median(factors))
    if np.ptp(factors) > _SPREAD * abs(factor) or abs(factor - 1.0) <= _SPREAD:
        return ""
    keep = sampler.case.keep
    named = {
        keep: "they are not scaled",
        1.0 / keep: "they are scaled twice",
        keep / rate: "they are scaled by 1/rate",
    }
    why = next((words for value, words in named.items() if abs(factor / value - 1) < _SPREAD), "")
    said = f"kept units are {factor:.6g} times x/keep at rate {rate:g}"
    return f"{said}: {why}" if why else said


def _dropped_to(outputs: np.ndarray[Any, Any], x: np.ndarray[Any, Any]) -> float:
    """Return the value, other than 0, that units of unlike inputs share; 0.0 without one."""
    if (outputs == 0).any():
        return 0.0
    values, counts = np.unique(outputs, return_counts=True)
    common = float(values[np.argmax(counts)])
    inputs = np.broadcast_to(x, outputs.shape)[outputs == common]
    return common if np.unique(inputs).size >= _PLACES else 0.0
