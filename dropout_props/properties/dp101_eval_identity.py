"""DP101: evaluation returns the input, bit for bit, and consumes no key."""

from dropout_props.properties.catalogue import Case, Sampler, every_shape, exact, strategies
from dropout_props.properties.outputs import evaluation, require_evaluated, require_same_bits
from dropout_props.subjects.operations import InModes
from dropout_props.subjects.subject import Unsupported


@exact(
    "DP101",
    "evaluation returns the input",
    statement="In evaluation mode the layer returns its input, bit for bit, at every rate from 0 "
    "to 1, with and without keys, and consumes no key.",
    formula="eval(x, rate, key) = x for every rate in [0, 1], with any key and with none",
    if_broken="Predictions are noisy or scaled, or an evaluation changes the training that follows "
    "it.",
    assumes="With evaluation='scaled' a layer returns keep times x, to the rounding of a product, "
    "and the evaluation of a model may depend on the rate. For a model, x is what reaches its "
    "dropout layer, taken from its evaluation output; equal means up to rounding there, since it "
    "may run another program at another rate.",
    level="core",
    needs=("eval_mode",),
    blocked_by=(),
    killed_by=("rng_rewind", "eval_scaled", "rate1_before_det", "eval_consumes_key"),
    cases=every_shape(dtypes=strategies.DTYPES),
    explicit=(Case(shape=(7,), rate=0.5), Case(shape=(7,), rate=1.0)),
    one_program=True,
)
def eval_identity(sampler: Sampler) -> None:
    subject, rate, x = sampler.subject, sampler.case.rate, sampler.inputs()
    evaluation(sampler, x)
    is_same = subject.traits.evaluation == "same"
    reference = subject.reference(x, rate=None if is_same else rate)
    for given, streams in (("no key", {}), ("a key", sampler.streams(sampler.key()))):
        y = subject.call(x, rate=rate, training=False, streams=streams)
        require_evaluated(sampler, y, reference, f"evaluation with {given}")
    if 0.0 < rate < 1.0:
        _consumes_nothing(sampler)


def _consumes_nothing(sampler: Sampler) -> None:
    """Raise if an eval call before or between training calls changes their masks."""
    try:
        first, second = sampler.run(InModes((True, True)))
        _, after, _, between = sampler.run(InModes((False, True, False, True)))
    except Unsupported:  # the mode is fixed when the layer is built
        return
    require_same_bits(after, first, "an eval call consumed a key")
    require_same_bits(between, second, "an eval call advanced the stream")
