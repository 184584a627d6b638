"""Explanations by the input: under one key the mask must not depend on its values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from dropout_props.properties.sampler import came_through

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

__all__ = ["depends_on_input"]

_KEYS = 16
_SIZES = (4.0, 2.0**-10)


def depends_on_input(sampler: Sampler) -> str:
    """Return what of the input decides which units are dropped, or nothing."""
    values = sampler.case.inputs()
    keys = sampler.keys(_KEYS, role="inputs")

    def differs(other: np.ndarray[Any, Any]) -> bool:
        return bool((_kept(sampler, keys, other) != usual).any())

    usual = _kept(sampler, keys, values)
    sign = differs(-values)
    size = any(differs((values * factor).astype(values.dtype)) for factor in _SIZES)
    if sign and size:
        return "which units are dropped depends on the values of x"
    if sign:
        return "which units are dropped depends on the sign of x"
    return "which units are dropped depends on the size of x" if size else ""


def _kept(sampler: Sampler, keys: Any, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    x, rate = jax.device_put(values), sampler.case.rate

    def one(key: Any) -> Any:
        streams = sampler.streams(key)
        return sampler.subject.call(x, rate=rate, training=True, streams=streams)

    return came_through(sampler.subject, sampler.each(one, keys), values, keep=sampler.case.keep)
