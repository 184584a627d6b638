"""DP108: training rejects integer and boolean inputs, which cannot be scaled."""

import jax

from dropout_props.cases.case import as_dtype
from dropout_props.cases.strategies import UNSCALABLE_DTYPES
from dropout_props.properties.catalogue import NotRun, Sampler, Violation, WrongOutput, exact


@exact(
    "DP108",
    "integer inputs are rejected",
    statement="In training the layer rejects integer and boolean inputs, which cannot hold x/keep, "
    "with a TypeError or a ValueError.",
    formula="train(x) raises for x of an integer or boolean dtype",
    if_broken="Token ids or masks pass through dropout and come out rounded, or as floats.",
    assumes="DP112 says what evaluation must do with such an input.",
    needs=("mask", "identity"),
    blocked_by=(),
    killed_by=("integers_promoted", "integers_rounded"),
    weight=8,
)
def unscalable_input(sampler: Sampler) -> None:
    traits = sampler.subject.traits
    if all(as_dtype(one).kind in "iub" for one in traits.dtypes):
        raise NotRun("its inputs are token ids, which it need not scale")
    if (traits.dropped, traits.kept, traits.evaluation) == (0.0, "unscaled", "same"):
        raise NotRun("it scales nothing, and every dtype can hold what it returns")
    for dtype in UNSCALABLE_DTYPES:
        x = jax.device_put(sampler.case.inputs().astype(dtype))
        try:
            y = sampler.train(x, expect_errors=True)
        except WrongOutput as error:
            raise Violation(f"{dtype}: no error; it returned {error.seen}") from error
        except (TypeError, ValueError):
            continue
        raise Violation(f"{dtype}: no error; it returned {y.dtype}, rounded")
