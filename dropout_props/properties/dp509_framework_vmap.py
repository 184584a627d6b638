"""DP509: under the framework's vmap rows have their own masks where the keys are split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property
from dropout_props.properties.outputs import agree, decisive_cases
from dropout_props.properties.transforms import outputs_under, own_masks

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler


def _check(sampler: Sampler) -> None:
    own_masks(sampler, "vmap")
    first, *others = outputs_under(sampler, "shared vmap")
    for row, other in enumerate(others, start=1):
        agree(sampler, other, first, f"row {row} of a batch that shares its key")


PROPERTY = Property(
    id="DP509",
    name="framework vmap splits keys",
    sentence="Under nn.vmap and nnx.vmap each row has its own mask where the keys are split, and "
    "all rows share one mask where they are not.",
    formula="split: m_i != m_j for rows i != j; not split: m_i = m_j",
    means="All examples of a batch, or all members of an ensemble, drop the same units.",
    assumes="Split keys are requested: split_rngs of nn.vmap, nnx.split_rngs. Without them one key "
    "for a whole batch is what both frameworks document.",
    mutants=("vmap_first_key",),
    blocked_by=("DP201",),
    needs=("lifted",),
    decision=Exact(
        cases=decisive_cases,
        check=_check,
        explicit=(Case(shape=(128,), rate=0.5),),
        weight=16,
    ),
)
