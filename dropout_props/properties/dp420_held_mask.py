"""DP420: a layer that holds its mask has it at every call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property
from dropout_props.properties.outputs import agree, decisive_cases

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

_CALLS = 3


def _check(sampler: Sampler) -> None:
    first, *others = sampler.subject.call_repeatedly(
        sampler.inputs(),
        times=_CALLS,
        rate=sampler.case.rate,
        streams=sampler.streams(sampler.key()),
    )
    for number, output in enumerate(others, start=2):
        agree(sampler, output, first, f"call {number} of one layer, compared with its first call")


PROPERTY = Property(
    id="DP420",
    name="a held mask stays",
    level="core",
    sentence="A layer that says that it holds its mask gives the mask of its first call at every "
    "later call in one application.",
    formula="m_2 = m_3 = m_1 for calls of one layer, for a layer with the trait held=True",
    means="Variational dropout over the steps of a recurrent layer is ordinary dropout: each step "
    "drops other units.",
    assumes="Nothing.",
    mutants=("held_drawn_again", "held_for_two_calls"),
    blocked_by=("DP201",),
    explained_by=("DP401",),
    needs=("held",),
    decision=Exact(
        cases=decisive_cases,
        check=_check,
        one_program=True,
        explicit=(Case(shape=(128,), rate=0.5),),
        weight=2,
    ),
)
