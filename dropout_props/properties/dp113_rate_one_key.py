"""DP113: at rate 1 a training call needs no key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property, Violation
from dropout_props.properties.outputs import rate_one_cases, require_zeros

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler


def _check(sampler: Sampler) -> None:
    x = sampler.inputs()
    try:
        y = sampler.subject.call(x, rate=1.0, training=True, streams={}, expect_errors=True)
    except Exception as error:
        seen = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        raise Violation(f"rate 1 without a key raised {seen}") from error
    require_zeros(y, "rate 1 without a key: the output")


PROPERTY = Property(
    id="DP113",
    name="rate 1 needs no key",
    level="framework",
    sentence="At rate 1 a training call returns zeros without a key, as at rate 0 it returns its "
    "input without one.",
    formula="train(x, 1, no key) = 0",
    means="A schedule of rates that ends at 1 raises where the same model ran at rate 0.",
    assumes="Nothing.",
    mutants=("rate1_needs_key",),
    needs=("mask", "scaled", "any_rate", "rate_one"),
    decision=Exact(
        cases=rate_one_cases,
        check=_check,
        explicit=(Case(shape=(7,), rate=1.0),),
    ),
)
