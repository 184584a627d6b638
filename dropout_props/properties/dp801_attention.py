"""DP801: attention shares a dropout mask only where broadcast_dropout says so."""

import numpy as np

from dropout_props.properties.catalogue import Case, Crashed, Sampler, Violation, exact, strategies
from dropout_props.subjects.operations import Shared

_SHAPE = (3, 2, 4, 128)  # batch, heads, queries, keys


@exact(
    "DP801",
    "attention shares as declared",
    statement="With broadcast_dropout one mask of (queries, keys) serves every example and head "
    "and has its own row for each query, without it every example and head has its own mask, and a "
    "rate of 1 gives zeros or is rejected.",
    formula="shared: m[b, h] = m[0, 0]; else m[b, h] != m[c, i]; rows of queries differ",
    if_broken="All heads lose the same connections although they should not, or the reverse.",
    assumes="Scores are all equal, so no weight is 0 unless it is dropped. Two rows of 128 weights "
    "at a rate from 0.4 to 0.6 are equal with probability below 2^-120.",
    level="core",
    needs=("attention",),
    blocked_by=(),
    killed_by=("heads_share", "sharing_ignored"),
    cases=strategies.cases(rate=(0.4, 0.6), pool=(_SHAPE,), values=("zeros",)),
    explicit=(Case(shape=_SHAPE, rate=0.5, values="zeros"),),
    weight=4,
)
def attention(sampler: Sampler) -> None:
    rows = _rows(sampler, shared=True)
    if not (rows == rows[:1]).all():
        raise Violation("with broadcast_dropout=True, examples or heads have different masks")
    distinct = len({row.tobytes() for row in rows[0]})
    if distinct < len(rows[0]):
        raise Violation(
            f"with broadcast_dropout=True, {len(rows[0])} queries have {distinct} masks"
        )
    rows = _rows(sampler, shared=False)
    distinct = len({mask.tobytes() for mask in rows})
    if distinct < len(rows):
        raise Violation(
            f"with broadcast_dropout=False, {len(rows)} pairs of example and head have {distinct} "
            "masks"
        )
    _check_rate_one(sampler)


def _check_rate_one(sampler: Sampler) -> None:
    try:
        weights = sampler.train(rate=1.0)
    except Crashed:
        return  # rejected
    if weights.any():  # NaN counts
        raise Violation(f"at rate 1 the weights are {weights.flat[0]}, neither 0 nor rejected")


def _rows(sampler: Sampler, *, shared: bool) -> np.ndarray:
    """Return which weights were kept, bool[batch * heads, queries, keys]."""
    (weights,) = sampler.run(Shared(shared))
    return (np.asarray(weights) != 0).reshape(-1, *sampler.case.shape[2:])
