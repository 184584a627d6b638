"""DP412: a snapshot does not change after it was taken."""

import numpy as np

from dropout_props.properties.catalogue import Sampler, Violation, exact
from dropout_props.subjects.operations import Steps

_PROGRAM = Steps(("call", "snapshot", "call", "merge", "call", "merge", "call"))


@exact(
    "DP412",
    "snapshots do not change",
    statement="A snapshot that nnx.split returned does not change: merged later, even twice, it "
    "gives the mask that followed the split.",
    formula="merge(split(m)) called = m called, however often m was called in between",
    if_broken="A checkpoint in memory is not the state that it was taken from, and a replay from "
    "it draws other masks.",
    assumes="DP409 covers saving to the host.",
    level="framework",
    needs=("state",),
    killed_by=("own_counter",),
    weight=8,
)
def snapshots(sampler: Sampler) -> None:
    _, after, *merged = map(np.asarray, sampler.run(_PROGRAM))
    for number, output in enumerate(merged, start=1):
        if not np.array_equal(output, after):
            raise Violation(
                f"the call after merge {number} of a snapshot has another mask than the call that "
                "followed the snapshot: its count has moved on"
            )
