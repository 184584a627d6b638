"""Faults of the backward pass; the forward pass of each is correct."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel
from dropout_props.selftest.mutants.mutant import Mutant

__all__ = ["MUTANTS"]

Backward = Callable[[Any, Any, Any, float, Any], Any]


def _with_backward(backward: Backward) -> Callable[[Any, Any, float, Any], Any]:
    """Return a correct combination whose gradient is `backward(x, mask, other, keep, ct)`.

    Masks are passed as floats, so that the function closes over no tracer; `other` is another mask.
    """

    def combine(x: Any, mask: Any, keep_rate: float, key: Any) -> Any:
        @jax.custom_vjp
        def scaled(x: Any, kept: Any, _other: Any) -> Any:
            return jax.lax.select(kept > 0, x / keep_rate, jnp.zeros_like(x))

        def forward(x: Any, kept: Any, other: Any) -> Any:
            return scaled(x, kept, other), (x, kept, other)

        def pull_back(saved: Any, ct: Any) -> Any:
            x, kept, other = saved
            slope = backward(x, kept > 0, other > 0, keep_rate, ct)
            return slope, jnp.zeros_like(kept), jnp.zeros_like(other)

        scaled.defvjp(forward, pull_back)
        other = jax.random.bernoulli(jax.random.fold_in(key, 1), keep_rate, x.shape)
        return scaled(x, mask.astype(jnp.float32), other.astype(jnp.float32))

    return combine


def _fresh(_x: Any, _mask: Any, other: Any, keep_rate: float, ct: Any) -> Any:
    return jnp.where(other, ct / keep_rate, jnp.zeros_like(ct))


def _unscaled(_x: Any, mask: Any, _other: Any, _keep_rate: float, ct: Any) -> Any:
    return jnp.where(mask, ct, jnp.zeros_like(ct))


def _from_value(x: Any, mask: Any, _other: Any, keep_rate: float, ct: Any) -> Any:
    y = jnp.where(mask, x / keep_rate, jnp.zeros_like(x))
    return jnp.where(y != 0, ct / keep_rate, jnp.zeros_like(ct))


def _straight_through(_x: Any, _mask: Any, _other: Any, _keep_rate: float, ct: Any) -> Any:
    return ct


def _planted(name: str, change: str, source: str, f: Backward) -> Mutant:
    return Mutant(name, change, source, Kernel(combine=_with_backward(f)))


MUTANTS = (
    _planted(
        "grad_fresh_mask",
        "the backward pass draws another mask",
        "pytorch#190758, OLMo-core#828",
        _fresh,
    ),
    _planted(
        "grad_no_scale",
        "the gradient is the mask, without 1/keep",
        "apex#816",
        _unscaled,
    ),
    _planted(
        "grad_from_value",
        "the backward pass infers the mask from the output: where x is 0, it drops the unit",
        "kaldi#3890",
        _from_value,
    ),
    _planted(
        "grad_straight_through",
        "the gradient is that of a layer without dropout",
        "straight-through estimators",
        _straight_through,
    ),
    Mutant(
        "rate0_no_gradient",
        "at rate 0 no gradient passes",
        "flax PR#2055",
        Kernel(rate_zero=lambda x, _rate: jax.lax.stop_gradient(x)),
    ),
)
