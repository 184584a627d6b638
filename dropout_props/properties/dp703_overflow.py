"""DP703: a kept unit overflows only where x/keep does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.cases import strategies
from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property, Violation
from dropout_props.properties.outputs import training_call

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

_BELOW = 0.98  # of the limit: leaves room for keep rounded to a dtype of 8 bits


def _check(sampler: Sampler) -> None:
    train, key, case = training_call(sampler), sampler.key(), sampler.case
    dtype = jnp.dtype(case.dtype)
    largest = float(cast("Any", jnp).finfo(dtype).max)
    fits = np.full(case.shape, _BELOW * case.keep * largest).astype(dtype)
    y = np.asarray(train(key, jax.device_put(fits))).astype(np.float64)
    if not np.isfinite(y).all():
        raise Violation(
            f"x = {fits.reshape(-1)[0]!s} gave {y[~np.isfinite(y)][0]}; x/keep is finite"
        )
    too_large = np.full(case.shape, largest).astype(dtype)
    y = np.asarray(train(key, jax.device_put(too_large))).astype(np.float64)
    wrong = (y != 0) & ~np.isposinf(y)
    if wrong.any():
        raise Violation(f"x = {too_large.reshape(-1)[0]!s} gave {y[wrong][0]}; x/keep overflows")


PROPERTY = Property(
    id="DP703",
    name="overflows where x/keep does",
    sentence="A kept unit is infinite where x/keep is too large for its dtype, and finite "
    "elsewhere.",
    formula="|y| = inf only if |x|/keep > max(dtype)",
    means="Half precision overflows in an intermediate step, or an overflow is hidden.",
    assumes="keep may be rounded to the dtype of the input: the last 2 % are not tested.",
    mutants=("early_overflow", "overflow_hidden"),
    blocked_by=("DP201",),
    needs=("mask", "scaled", "identity"),
    decision=Exact(
        cases=lambda _, __: strategies.cases(
            rate=strategies.inner_rates(0.1, 0.9),
            pool=((128,), (5, 3)),
            dtypes=strategies.DTYPES,
            values=("distinct",),
        ),
        check=_check,
        one_program=True,
        weight=2,
        explicit=(Case(shape=(128,), rate=0.5, dtype="float16"), Case(shape=(128,), rate=0.9)),
    ),
)
