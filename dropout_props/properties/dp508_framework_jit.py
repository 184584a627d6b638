"""DP508: under the framework's jit each call has its own mask, which its key repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property
from dropout_props.properties.outputs import decisive_cases
from dropout_props.properties.transforms import each_transform

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler


def _check(sampler: Sampler) -> None:
    each_transform(sampler, ("jit",))


PROPERTY = Property(
    id="DP508",
    name="framework jit redraws masks",
    sentence="Under nn.jit and nnx.jit each call has its own mask, which the same key gives again, "
    "and under nnx.jit it is the mask of the plain call.",
    formula="nnx.jit(layer)(x) = layer(x), call by call; nn.jit(layer)(x), call by call distinct",
    means="A compiled model trains on one frozen mask, or its run cannot be reproduced.",
    assumes="nn.jit derives keys of its own since Flax 0.9, which is allowed: its masks are not "
    "compared with plain ones. DP410 covers what it remembers of earlier calls.",
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
