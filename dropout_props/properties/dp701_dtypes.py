"""DP701: a layer supports each dtype that it promises to that dtype's own precision."""

from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any, cast

import jax
import numpy as np

from dropout_props.cases.case import as_dtype
from dropout_props.properties.bits import Array, same_bits
from dropout_props.properties.catalogue import Case, Sampler, Violation, exact, strategies
from dropout_props.subjects.rounding import is_quotient
from dropout_props.subjects.subject import WrongOutput

_OF_64_BITS = ("float64", "complex128")
_FINE = 1.0 + 2.0**-30  # too fine for float32


def _inputs(case: Case) -> Array:
    """Return numbers that use what the dtype adds: its digits, or an imaginary part of its own."""
    dtype = as_dtype(case.dtype)
    x = case.inputs().astype(np.float64 if dtype.kind != "c" else np.complex128)
    if case.dtype in _OF_64_BITS:
        x = x * _FINE
    return np.asarray(x - 2j * np.flip(x) if dtype.kind == "c" else x).astype(dtype)


def _x64(dtype: str) -> AbstractContextManager[Any]:
    if dtype not in _OF_64_BITS:
        return nullcontext()
    # Newer releases of JAX have it outside jax.experimental.
    holder = jax if hasattr(jax, "enable_x64") else import_module("jax.experimental")
    switched: AbstractContextManager[Any] = cast("Any", holder).enable_x64(new_val=True)
    return switched


@exact(
    "DP701",
    "wide dtypes keep precision",
    statement="In each promised dtype beyond the usual ones the output has the dtype of the input, "
    "every unit is 0 or x/keep to its own ulp, the mask is that of float32, and evaluation is the "
    "identity.",
    formula="y in {0, x/keep} to 1 ulp of x.dtype; mask(k, x) = mask(k, float32 x)",
    if_broken="Digits of float64, an imaginary part or the range of float8 are lost on the way.",
    assumes="keep may be rounded to the dtype of the input. Real and imaginary parts count "
    "separately. Dtypes of 64 bits are tested with jax_enable_x64, which draws other bits: masks "
    "are compared within one mode.",
    needs=("mask", "scaled", "identity", "wide_dtypes"),
    killed_by=("through_float32", "imaginary_unscaled", "power_of_two_scale", "mask_in_own_dtype"),
    cases=lambda _, traits: strategies.cases(
        rate=(0.1, 0.8),  # 61/keep is finite in every dtype
        pool=((128,), (5, 3)),
        dtypes=traits.wide_dtypes or ("float32",),
        values=("distinct", "negative"),
    ),
    explicit=(
        Case(rate=0.3, dtype="float64"),
        Case(rate=0.3, dtype="complex64"),
        Case(rate=0.3, dtype="complex128"),
        Case(rate=0.3, dtype="float8_e4m3fn"),
        Case(rate=0.3, dtype="float8_e5m2"),
    ),
    weight=2,
    one_program=True,
)
def dtypes(sampler: Sampler) -> None:
    case, subject, train = sampler.case, sampler.subject, sampler.output
    values, key = _inputs(case), sampler.key()
    try:
        with _x64(case.dtype):
            x = jax.device_put(values)
            y = np.asarray(train(key, x))
            usual = np.asarray(train(key, jax.device_put(np.ones(case.shape, np.float32))))
            evaluated = (
                np.asarray(subject.call(x, rate=case.rate, training=False))
                if subject.traits.eval_mode
                else values
            )
    except WrongOutput as error:
        raise Violation(f"{error.call}: {error.seen} in place of {error.expected}") from error
    kept = np.ones(case.shape, dtype=bool)
    for seen, given in zip(_parts(y), _parts(values), strict=True):
        kept &= is_quotient(seen, given, case.keep)
    wrong = np.argwhere(~(kept | (y == 0)))
    if len(wrong):
        at = tuple(map(int, wrong[0]))
        raise Violation(
            f"{len(wrong)} of {y.size} outputs are neither 0 nor x/keep in {case.dtype}; at "
            f"{list(at)} x = {values[at]!s} gave {y[at]!s}"
        )
    unlike = int(np.count_nonzero((y != 0) != (usual != 0)))
    if unlike:
        raise Violation(
            f"{unlike} of {y.size} units of the mask differ from those of float32, with one key"
        )
    if not same_bits(evaluated, values):
        raise Violation(f"evaluation does not return its {case.dtype} input")


def _parts(array: Array) -> tuple[Array, ...]:
    return (array.real, array.imag) if array.dtype.kind == "c" else (array,)
