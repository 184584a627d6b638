"""DP512: in the branches and loops of the framework, every call has a mask of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property
from dropout_props.properties.outputs import decisive_cases
from dropout_props.properties.transforms import each_transform

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler


def _check(sampler: Sampler) -> None:
    each_transform(sampler, ("cond", "switch", "while"))


PROPERTY = Property(
    id="DP512",
    name="framework control flow",
    sentence="In a branch of cond or switch and in the steps of while_loop of the framework, each "
    "call has a mask of its own, which the same key gives again; NNX gives those of plain calls.",
    formula="m_s != m_t for calls s != t; NNX: m_t is that of plain call t",
    means="Every step that branches drops the same units, or a run cannot be reproduced.",
    assumes="A branch that is not taken may use up keys in Linen, so its masks are not compared "
    "with plain ones. Of the three, those that the installed release has are asked.",
    mutants=("scan_same_key", "trace_baked"),
    blocked_by=("DP201",),
    needs=("lifted",),
    decision=Exact(
        cases=decisive_cases,
        check=_check,
        explicit=(Case(shape=(128,), rate=0.5),),
        weight=16,
    ),
)
