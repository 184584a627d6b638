"""DP703: a kept unit overflows only where x/keep does."""

from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.properties.catalogue import Case, Sampler, Violation, exact, strategies

_BELOW = 0.98  # of the limit: leaves room for keep rounded to a dtype of 8 bits


@exact(
    "DP703",
    "overflows where x/keep does",
    statement="A kept unit is infinite where x/keep is too large for its dtype, and finite "
    "elsewhere.",
    formula="|y| = inf only if |x|/keep > max(dtype)",
    if_broken="Half precision overflows in an intermediate step, or an overflow is hidden.",
    assumes="keep may be rounded to the dtype of the input: the last 2 % are not tested.",
    needs=("mask", "scaled", "identity"),
    killed_by=("early_overflow", "overflow_hidden"),
    cases=strategies.cases(
        rate=(0.1, 0.9),
        pool=((128,), (5, 3)),
        dtypes=strategies.DTYPES,
        values=("distinct",),
    ),
    explicit=(Case(rate=0.5, dtype="float16"), Case(rate=0.9)),
    weight=2,
    one_program=True,
)
def overflow(sampler: Sampler) -> None:
    train, key, case = sampler.output, sampler.key(), sampler.case
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
