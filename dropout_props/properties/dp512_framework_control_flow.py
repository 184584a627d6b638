"""DP512: in the framework's branches and loops every call has its own mask."""

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
    name="framework cond redraws masks",
    sentence="In the framework's cond, switch and while_loop each call has its own mask, which the "
    "same key gives again, and NNX gives the masks of plain calls.",
    formula="m_s != m_t for calls s != t; NNX: m_t is that of plain call t",
    means="All steps with a branch drop the same units, or a run cannot be reproduced.",
    assumes="In Linen a branch that is not taken may use up keys, so its masks are not compared "
    "with plain ones. Of the three, those that the installed release has are tested.",
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
