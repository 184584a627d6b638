"""DP106: the output has the shape and dtype of the input."""

from dropout_props.properties.catalogue import Case, Sampler, Violation, exact, strategies
from dropout_props.properties.exact_cases import every_shape
from dropout_props.subjects.subject import WrongOutput


@exact(
    "DP106",
    "shape and dtype preserved",
    statement="In both modes and at every rate the output has the shape and dtype of the input, "
    "empty and 0-d inputs included.",
    formula="y.shape = x.shape and y.dtype = x.dtype",
    if_broken="A model in half precision is promoted to float32 without notice, or an axis is "
    "lost.",
    assumes="For a model, the shape and dtype are those of its evaluation output.",
    blocked_by=(),
    killed_by=("promote_f32", "axis_added"),
    cases=every_shape(dtypes=strategies.DTYPES),
    explicit=(
        Case(shape=(), rate=0.5),
        Case(shape=(0,), rate=0.5),
        Case(shape=(7,), rate=0.5, dtype="float16"),
    ),
    weight=2,
    one_program=True,
)
def shape_dtype(sampler: Sampler) -> None:
    key, x, mode = sampler.key(), sampler.inputs(), "training"
    try:
        sampler.output(key, x)
        if sampler.subject.traits.eval_mode:
            mode = "evaluation"
            sampler.output(key, x, training=False)
    except WrongOutput as error:
        raise Violation(f"{mode}: {error.seen} instead of {error.expected}") from error
