"""DP303: three or four units are independent, not only every two of them."""

import numpy as np

from dropout_props.properties.catalogue import Sampler, Trials, statistical
from dropout_props.properties.mask_cases import canonical
from dropout_props.properties.mask_statistics import parities
from dropout_props.statistics import odd_parity

_GROUPS = {3: "three units", 4: "four units"}


@statistical(
    "DP303",
    "unit groups are independent",
    statement="Among three or four units a stride apart, in flat order and along each axis, an odd "
    "number is kept as often as among independent units.",
    formula="P(an odd number of k units is kept) = (1 - (1 - 2 keep)^k) / 2, for k = 3 and 4",
    if_broken="A unit follows from two or three others, although any two units are independent.",
    assumes="DP201 holds. In each count no two groups share a unit. A wrong keep rate (DP202) or "
    "dependent pairs (DP301) fail here too.",
    level="core",
    explained_by=("DP306", "DP307", "DP202", "DP204", "DP301"),
    killed_by=("xor_neighbours", "xor_thirds", "even_quads"),
    explicit=(*canonical(), *canonical((16, 33))[1:3]),
    discrepancies={
        "three units": 0.03,
        "four units": 0.03,
        "three units of an axis": 0.03,
        "four units of an axis": 0.03,
    },
)
def parity(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    kept = sampler.block(block)
    views = [("", np.ascontiguousarray(kept.reshape(len(kept), -1).T))]
    if kept.ndim > 2:  # noqa: PLR2004 (the keys are one axis: a mask has two or more)
        for axis in range(1, kept.ndim):
            along = np.moveaxis(kept, axis, 0).reshape(kept.shape[axis], -1)
            views.append((" of an axis", np.ascontiguousarray(along)))
    return tuple(
        parities(units, group, odd_parity(sampler.keep, group), label + where)
        for where, units in views
        for group, label in _GROUPS.items()
        if not where or len(units) >= group
    )
