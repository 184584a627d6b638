"""DP106: the output has the shape and dtype of the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_props.cases import strategies
from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property, Violation
from dropout_props.subjects.subject import WrongOutput

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler


def _check(sampler: Sampler) -> None:
    case, subject = sampler.case, sampler.subject
    x, streams = sampler.inputs(), sampler.streams(sampler.key())
    mode = "training"
    try:
        subject.call(x, rate=case.rate, training=True, streams=streams)
        if subject.traits.eval_mode:
            mode = "evaluation"
            subject.call(x, rate=case.rate, training=False, streams=streams)
    except WrongOutput as error:
        raise Violation(f"{mode}: {error.seen} instead of {error.expected}") from error


PROPERTY = Property(
    id="DP106",
    name="shape and dtype preserved",
    sentence="In both modes and at every rate the output has the shape and dtype of the input, "
    "empty and 0-d inputs included.",
    formula="y.shape = x.shape and y.dtype = x.dtype",
    means="A model in half precision is promoted to float32 without notice, or an axis is lost.",
    assumes="For a model, the shape and dtype are those of its evaluation output.",
    mutants=("promote_f32", "axis_added"),
    decision=Exact(
        cases=lambda profile, _: strategies.cases(
            pool=strategies.WIDE_SHAPES if profile.wide_pools else strategies.SHAPES,
            dtypes=strategies.DTYPES,
        ),
        check=_check,
        one_program=True,
        weight=2,
        explicit=(
            Case(shape=(), rate=0.5),
            Case(shape=(0,), rate=0.5),
            Case(shape=(7,), rate=0.5, dtype="float16"),
        ),
    ),
)
