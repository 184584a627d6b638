"""DP705: a rate in float16 or bfloat16 acts like the same number as a float."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.properties.bits import Array
from dropout_props.properties.catalogue import Case, Sampler, Violation, exact, strategies
from dropout_props.subjects.rounding import is_quotient
from dropout_props.subjects.subject import Crashed, WrongOutput

_TYPES: dict[str, tuple[Any, float]] = {  # constructor and epsilon
    "np.float16": (np.float16, 2.0**-10),
    "jnp.bfloat16": (jnp.bfloat16, 2.0**-7),
}
_ONE_FACTOR = 2.0**-21  # largest spread of float32 scale factors by rounding alone


@exact(
    "DP705",
    "low-precision rates work",
    statement="A rate given in float16 or bfloat16 acts like the same number given as a float, "
    "with the same mask and the scale 1/keep in the precision of the output, or is rejected.",
    formula="train(k, x, r16) = train(k, x, float(r16)), y in {0, x/(1 - float(r16))} to 1 ulp",
    if_broken="A rate from a config in half precision keeps and scales by other numbers than it "
    "says, and E[y] is not x.",
    assumes="Inputs are float32. A TypeError or ValueError counts as a rejection. Dtypes are "
    "promoted as JAX does by default.",
    needs=("mask", "scaled", "identity", "any_rate"),
    killed_by=("rate_leaks", "rate_sets_precision"),
    cases=strategies.cases(rate=(0.01, 0.9), pool=((128,),), values=("distinct", "negative")),
    explicit=(Case(rate=0.3), Case(rate=0.01)),
    weight=2,
)
def rate_types(sampler: Sampler) -> None:
    # Where dtypes are not promoted, every layer rejects such a rate.
    with jax.numpy_dtype_promotion("standard"):
        _rate_types(sampler)


def _rate_types(sampler: Sampler) -> None:
    case, values, imprecise = sampler.case, sampler.case.inputs(), []
    for name, (make, epsilon) in _TYPES.items():
        rate, said = make(case.rate), f"{name}({case.rate:g})"
        number = float(rate)
        try:
            y = sampler.train(rate=rate)
        except WrongOutput as error:
            raise Violation(f"{said}: {error.seen} instead of {error.expected}") from error
        except Crashed as error:
            if isinstance(error.__cause__, (TypeError, ValueError)):
                continue  # rejected, so nobody is misled
            raise
        as_float = sampler.train(rate=number)
        faults = _scale(y, values, 1.0 - number, epsilon)
        if unlike := int(np.count_nonzero((y != 0) != (as_float != 0))):
            faults.append(f"{unlike} of {y.size} units of the mask differ from those of the float")
        if faults:
            imprecise.append(f"{said} is {number:.9g}: {'; '.join(faults)}")
    if imprecise:  # raised last: Flax does this, and it must not hide another fault
        raise Violation("; ".join(imprecise))


def _scale(y: Array, x: Array, keep: float, epsilon: float) -> list[str]:
    """Return the fault of a scale computed in low precision; raise on any other wrong scale."""
    wrong = np.argwhere(~((y == 0) | is_quotient(y, x, keep)))
    if not len(wrong):
        return []
    factors = y[y != 0].astype(np.float64) / x[y != 0]
    factor = float(np.median(factors))
    if np.ptp(factors) > _ONE_FACTOR * factor or abs(factor * keep - 1.0) > 2 * epsilon:
        at = tuple(map(int, wrong[0]))
        raise Violation(
            f"a rate of low precision: at {list(at)} x = {x[at]!s} gave {y[at]!s}, and "
            f"x/keep = {float(x[at]) / keep:.9g}"
        )
    scales = f"scales every kept unit by {factor:.9g} instead of {1 / keep:.9g}"
    return [f"{scales}, as computed in the precision of the rate"]
