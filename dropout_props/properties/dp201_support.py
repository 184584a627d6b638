"""DP201: a training output is 0 or the input divided by keep."""

import numpy as np

from dropout_props.properties.catalogue import Case, NotRun, Sampler, Violation, exact, strategies
from dropout_props.properties.exact_cases import every_shape
from dropout_props.subjects.rounding import are_close, is_quotient

_KEYS = 4


def _check_values(sampler: Sampler) -> None:
    """Raise unless every output is that of a dropped or of a kept unit, as the layer says."""
    case, law = sampler.case, sampler.subject.traits.output_law
    dropped = law.dropped_output(case.keep) if case.rate < 1.0 else None
    if dropped is None:
        raise NotRun("its dropped units may have any value")
    reference = np.asarray(sampler.subject.reference(sampler.inputs()))
    outputs = sampler.outputs(sampler.keys(_KEYS))
    kept = np.broadcast_to(law.kept_output(reference, case.keep), outputs.shape)
    legal = are_close(outputs, kept) | are_close(outputs, dropped)
    if 0.0 < case.rate < 1.0:  # what becomes of a dropped infinity is DP702's
        legal |= np.isnan(outputs) & ~np.isfinite(reference)
    wrong = np.argwhere(~legal)
    if wrong.size:
        at = tuple(int(i) for i in wrong[0])
        raise Violation(
            f"{len(wrong)} of {outputs.size} outputs are those of no dropped and of no kept unit; "
            f"at {list(at[1:])} {outputs[at]!s}, where {dropped:.9g} or {kept[at]!s} was expected"
        )


@exact(
    "DP201",
    "outputs are 0 or x/keep",
    statement="Every training output is 0 or x/keep, to one unit in the last place, or has the "
    "values of dropped and kept units that the layer declares.",
    formula="y in {0, x/keep}; |y - x/keep| <= 1 ulp where y is not 0",
    if_broken="Kept units have the wrong scale, or something is added to them, so E[y] is wrong as "
    "well.",
    assumes="keep = 1 - rate may be rounded to the dtype of the input before it divides, as both "
    "Flax dropouts do. A float32 quotient may be off by 2 ulp on a GPU and by 32 on a TPU. Whether "
    "a dropped NaN or infinity is 0 is left to DP702.",
    level="core",
    needs=("mask", "valued"),
    blocked_by=(),
    killed_by=("scale_inv_rate", "scale_missing", "scale_twice", "kept_noise"),
    cases=every_shape(dtypes=strategies.DTYPES),
    explicit=(Case(rate=0.3), Case(rate=0.1, values="special"), Case(rate=0.9, values="negative")),
    one_program=True,
)
def support(sampler: Sampler) -> None:
    if not sampler.subject.traits.output_law.is_plain:
        _check_values(sampler)
        return
    case = sampler.case
    reference = np.asarray(sampler.subject.reference(sampler.inputs()))
    outputs = sampler.single_outputs(_KEYS)
    x = np.broadcast_to(reference, outputs.shape)
    legal = np.zeros(outputs.shape, dtype=bool)
    if case.rate > 0.0:
        legal |= outputs == 0
    if case.rate < 1.0:
        legal |= is_quotient(outputs, x, case.keep)
    if 0.0 < case.rate < 1.0:  # what becomes of a dropped infinity is DP702's
        legal |= np.isnan(outputs) & ~np.isfinite(x)
    wrong = np.argwhere(~legal)
    if wrong.size:
        at = tuple(int(i) for i in wrong[0])
        raise Violation(
            f"{len(wrong)} of {outputs.size} outputs are neither 0 nor x/keep; at {list(at[1:])} "
            f"x = {x[at]!s} gave {outputs[at]!s}, and x/keep = {float(x[at]) / case.keep:.9g}"
            if case.rate < 1.0
            else f"{len(wrong)} of {outputs.size} outputs are not 0 at rate 1"
        )
