"""DP113: at rate 1 a training call needs no key."""

from dropout_props.properties.catalogue import Case, Sampler, Violation, exact
from dropout_props.properties.exact_cases import rate_one_cases
from dropout_props.properties.outputs import require_zeros, said


@exact(
    "DP113",
    "rate 1 needs no key",
    statement="At rate 1 a training call returns zeros without a key, as at rate 0 it returns its "
    "input without one.",
    formula="train(x, 1, no key) = 0",
    if_broken="A schedule of rates that ends at 1 raises where the same model ran at rate 0.",
    level="framework",
    needs=("mask", "scaled", "any_rate", "rate_one"),
    blocked_by=(),
    killed_by=("rate1_needs_key",),
    cases=rate_one_cases,
    one_program=True,
    explicit=(Case(shape=(7,), rate=1.0),),
)
def rate_one_key(sampler: Sampler) -> None:
    try:
        y = sampler.train(rate=1.0, streams={}, expect_errors=True)
    except Exception as error:
        raise Violation(f"rate 1 without a key raised {said(error)}") from error
    require_zeros(y, "rate 1 without a key: the output")
