"""DP102: at rate 0 a training call returns the input. DP111 asks whether it needs a key."""

from hypothesis import strategies as st

from dropout_props.properties.catalogue import Case, Sampler, Violation, exact, strategies
from dropout_props.properties.exact_cases import every_shape
from dropout_props.properties.outputs import require_evaluation, said, same_values


@exact(
    "DP102",
    "rate 0 returns the input",
    statement="At rate 0 a training call returns its input, bit for bit; a layer that adds noise, "
    "or declares other values of its units, may change the sign of a zero.",
    formula="train(x, 0, key) = x, with any key",
    if_broken="Setting the rate to 0 does not switch dropout off.",
    level="core",
    needs=("mask", "any_rate", "rate_zero"),
    blocked_by=(),
    killed_by=("rate0_scaled",),
    cases=every_shape(rate=st.just(0.0), dtypes=strategies.DTYPES),
    explicit=(Case(shape=(7,), rate=0.0),),
)
def rate_zero(sampler: Sampler) -> None:
    reference = sampler.subject.reference(sampler.inputs())
    try:
        y = sampler.train(rate=0.0, expect_errors=True)
    except Exception as error:
        raise Violation(f"rate 0 raised {said(error)}") from error
    if sampler.subject.traits.lacks("scaled") and same_values(y, reference):
        return  # -0.0 plus a noise of 0 is 0.0
    require_evaluation(sampler, y, reference, "rate 0")
