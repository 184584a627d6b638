"""DP412: a snapshot does not change after it was taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property, Violation
from dropout_props.properties.outputs import decisive_cases
from dropout_props.subjects.operations import Steps

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

_PROGRAM = Steps(("call", "snapshot", "call", "merge", "call", "merge", "call"))


def _check(sampler: Sampler) -> None:
    case = sampler.case
    outputs = sampler.subject.perform(
        sampler.inputs(),
        _PROGRAM,
        rate=case.rate,
        streams=sampler.streams(sampler.key()),
    )
    _, after, *merged = map(np.asarray, outputs)
    for number, output in enumerate(merged, start=1):
        if not np.array_equal(output, after):
            raise Violation(
                f"the call after merge {number} of a snapshot has another mask than the call that "
                "followed the snapshot: its count has moved on"
            )


PROPERTY = Property(
    id="DP412",
    name="snapshots do not change",
    level="framework",
    sentence="A snapshot that nnx.split returned does not change: merged later, even twice, it "
    "gives the mask that followed the split.",
    formula="merge(split(m)) called = m called, however often m was called in between",
    means="A checkpoint in memory is not the state that it was taken from, and a replay from it "
    "draws other masks.",
    assumes="DP409 covers saving to the host.",
    mutants=("own_counter",),
    blocked_by=("DP201",),
    needs=("state",),
    decision=Exact(
        cases=decisive_cases,
        check=_check,
        explicit=(Case(shape=(128,), rate=0.5),),
        weight=8,
    ),
)
