"""DP702: NaN, infinities, zeros and tiny numbers are dropped or kept like other values."""

from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.properties.catalogue import Case, Sampler, Violation, exact, strategies


@exact(
    "DP702",
    "special values drop cleanly",
    statement="A dropped unit is +0 whatever its input, a kept NaN, infinity or zero stays what it "
    "is, and a kept tiny number stays tiny.",
    formula="y = +0 or x/keep for x = NaN, +inf, -inf, +0, -0 and subnormals",
    if_broken="A NaN survives although its unit was dropped, or disappears although it was kept.",
    assumes="The device may flush subnormal numbers to 0. The sign of a kept zero is not tested.",
    needs=("mask", "scaled", "identity", "nonfinite"),
    blocked_by=(),
    killed_by=("mult_mask", "nan_hidden"),
    cases=strategies.cases(
        rate=(0.1, 0.9),
        pool=((128,), (129,), (5, 3)),
        dtypes=strategies.DTYPES,
        values=("distinct",),
    ),
    explicit=(Case(rate=0.5), Case(rate=0.3, dtype="bfloat16")),
    weight=2,
    one_program=True,
)
def special_values(sampler: Sampler) -> None:
    train, key, case = sampler.output, sampler.key(), sampler.case
    x = np.asarray(case.inputs())
    kept = np.asarray(train(key, jax.device_put(x))) != 0
    tiny = np.asarray(cast("Any", jnp).finfo(x.dtype).tiny)
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, tiny, tiny / 4]).astype(x.dtype)
    values = special[np.arange(x.size) % special.size].reshape(x.shape)
    y = np.asarray(train(key, jax.device_put(values))).astype(np.float64)
    wide = values.astype(np.float64)
    tests = {
        "a dropped unit is not +0": ~kept & ((y != 0) | np.signbit(y) | np.isnan(y)),
        "a kept NaN is not NaN": kept & np.isnan(wide) & ~np.isnan(y),
        "a kept infinity is not that infinity": kept & np.isinf(wide) & (y != wide),
        "a kept zero is not 0": kept & (wide == 0) & (y != 0),
        "a kept tiny number became large": kept & (np.abs(y) > np.abs(wide) * 1.1 / case.keep)
        & np.isfinite(wide),
    }  # fmt: skip
    for what, wrong in tests.items():
        if wrong.any():
            at = tuple(map(int, np.argwhere(wrong)[0]))
            raise Violation(f"{what}: {wide[at]} gave {y[at]} at {at}, {int(wrong.sum())} in all")
