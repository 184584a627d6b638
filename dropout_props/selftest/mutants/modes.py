"""Faults of evaluation mode and of the rates 0 and 1."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from dropout_props.selftest.kernel.kernel import Kernel, KeySource
from dropout_props.selftest.mutants.mutant import Mutant
from dropout_props.subjects.operations import Modes

__all__ = ["MUTANTS"]


def _spend(source: KeySource, stream: str) -> None:
    if source.has(stream):
        source.issue(stream)


def _masked_quotient(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    return x * mask / keep_rate


def _zeros_at_one(x: Any, mask: Any, keep_rate: float, _key: Any) -> Any:
    zeros = jnp.zeros_like(x)
    return zeros if keep_rate == 0.0 else jnp.where(mask, x / keep_rate, zeros)


def _either(modes: Modes, _merge: Any) -> bool:
    return bool(modes.called or modes.built)


def _constructor(modes: Modes, _merge: Any) -> bool:
    return bool(modes.called if modes.built is None else modes.built)


def _none_trains(modes: Modes, _merge: Any) -> bool:
    return bool(modes.built if modes.called is None else modes.called)


def _none_evaluates(modes: Modes, _merge: Any) -> bool:
    mode = modes.built if modes.called is None else modes.called
    return True if mode is None else bool(mode)


MUTANTS = (
    Mutant(
        "mode_by_or",
        "True anywhere evaluates: `called or built`",
        "truth tests in place of None tests",
        Kernel(mode=_either),
    ),
    Mutant(
        "mode_of_constructor",
        "the mode of the constructor wins over that of the call",
        "nnx.Dropout before merge_param",
        Kernel(mode=_constructor),
    ),
    Mutant(
        "mode_none_trains",
        "a mode that nothing sets is not an error: the layer trains",
        "truth tests in place of None tests",
        Kernel(mode=_none_trains),
    ),
    Mutant(
        "mode_none_evaluates",
        "a mode that nothing sets is not an error: the layer evaluates",
        "safe by default",
        Kernel(mode=_none_evaluates),
    ),
    Mutant(
        "eval_scaled",
        "evaluation returns x * keep, as non-inverted dropout does",
        "brainforge#1",
        Kernel(evaluate=lambda x, rate: x * (1.0 - rate)),
    ),
    Mutant(
        "rate1_before_det",
        "the test for rate 1 comes before the test for the mode: evaluation returns zeros",
        "flax 2d55e201",
        Kernel(order=("rate_zero", "rate_one", "evaluate")),
    ),
    Mutant(
        "eval_consumes_key",
        "an evaluation call draws a key from the stream, and does not use it",
        "mxnet#16705",
        Kernel(before_evaluate=_spend),
    ),
    Mutant(
        "rate0_needs_key",
        "no case for rate 0: the layer requires a key, and keeps all units",
        "flax#821",
        Kernel(order=("evaluate", "rate_one")),
    ),
    Mutant(
        "rate0_scaled",
        "at rate 0 the input is scaled by a constant near 1",
        "retain#1",
        Kernel(rate_zero=lambda x, _rate: x * 1.015625),
    ),
    Mutant(
        "rate1_divides",
        "no case for rate 1: x * 0 / 0",
        "flax PR#2055",
        Kernel(order=("rate_zero", "evaluate"), combine=_masked_quotient),
    ),
    Mutant(
        "rate1_grad_nan",
        "no case for rate 1: the output is masked, its gradient is 0 times infinity",
        "axon#367",
        Kernel(order=("rate_zero", "evaluate")),
    ),
    Mutant(
        "rate1_needs_key",
        "at rate 1 the layer draws a key and does not use it",
        "flax#821",
        Kernel(order=("rate_zero", "evaluate"), combine=_zeros_at_one),
    ),
)
