"""DP302: one mask is shared along the broadcast dims, and along no other axis."""

import numpy as np

from dropout_props.cases import strategies
from dropout_props.properties.catalogue import Case, Exact, Sampler, Trials, Violation, statistical
from dropout_props.properties.mask_statistics import lags
from dropout_props.statistics import agreement

_SHAPES = ((16, 33), (6, 5, 8))  # axes of different lengths, so that a wrong axis shows
_KEYS = 4
_CASES = strategies.cases(
    rate=(0.1, 0.9),
    pool=_SHAPES,
    values=("distinct", "negative"),
    broadcast=True,
).filter(lambda case: bool(case.broadcast_dims))
_EXPLICIT = (
    Case(shape=(16, 33), broadcast_dims=(0,)),
    Case(shape=(16, 33), broadcast_dims=(-1,), rate=0.1),
    Case(shape=(6, 5, 8), broadcast_dims=(1,)),
    Case(shape=(6, 5, 8), broadcast_dims=(-3, -1), rate=0.9),
)


def _check(sampler: Sampler) -> None:
    kept = sampler.many_kept(sampler.keys(_KEYS))
    strays = np.argwhere(kept != sampler.once(kept))
    if len(strays):
        at = tuple(map(int, strays[0][1:]))
        raise Violation(
            f"broadcast_dims={sampler.case.broadcast_dims}: unit {at} and {len(strays) - 1} others "
            f"of {kept.size} differ from the first unit along these dims"
        )


@statistical(
    "DP302",
    "broadcast dims share a mask",
    statement="The layer shares one mask along the broadcast dims, negative ones included, and "
    "keeps units independently with probability 1 - rate along every other axis.",
    formula="m[i] = m[j] if i and j differ in broadcast dims alone; else P(both kept or both "
    "dropped) = keep^2 + rate^2",
    if_broken="A layer that should drop whole channels or time steps drops single units, or drops "
    "whole examples instead.",
    level="core",
    needs=("mask", "broadcast_dims"),
    killed_by=("broadcast_ignored", "wrong_broadcast_axis", "negative_dims_ignored"),
    cases=_CASES,
    explicit=_EXPLICIT,
    discrepancies={"units of the shared mask": 0.03, "lag along another axis": 0.15},
    also=Exact(
        cases=lambda _, __: _CASES, check=_check, explicit=_EXPLICIT, weight=4, one_program=True
    ),
)
def broadcast_dims(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    kept = sampler.block(block)
    keep, null = sampler.keep, agreement(sampler.keep)
    families = [Trials.of(int(kept.sum()), kept.size, keep, label="units of the shared mask")]
    for axis in range(1, kept.ndim):
        if kept.shape[axis] > 1:
            along = np.moveaxis(kept, axis, 0).reshape(kept.shape[axis], -1)
            families.append(lags(np.ascontiguousarray(along), null, "lag along another axis"))
    return tuple(families)
