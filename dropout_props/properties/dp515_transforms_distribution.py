"""DP515: masks under the framework's transforms keep the keep rate and their independence."""

import numpy as np
from hypothesis import strategies as st

from dropout_props.cases.profiles import Profile
from dropout_props.properties.catalogue import Case, Sampler, Trials, Unsupported, statistical
from dropout_props.statistics import agreement
from dropout_props.subjects.operations import Transform, Under

_TRANSFORMS: tuple[Transform, ...] = ("jit", "vmap", "scan", "cond", "switch", "while")
_SPLIT: tuple[Transform, ...] = ("vmap", "scan")
_CASES = tuple(Case(shape=(128,), rate=rate) for rate in (0.5, 0.1, 0.9))


def _of(profile: Profile) -> tuple[Case, ...]:
    # Few: every other rate is one more program to compile for each transform.
    return _CASES if profile.wide_pools else _CASES[:2]


@statistical(
    "DP515",
    "transforms keep statistics",
    statement="Under the framework's jit, vmap, scan, cond, switch and while_loop units are kept "
    "with probability keep, and masks of two calls, rows or steps are independent.",
    formula="P(kept) = keep; P(both kept or both dropped) = keep^2 + rate^2",
    if_broken="A compiled, batched or scanned model drops at another rate, or with masks that "
    "share a part.",
    assumes="DP201 holds. Keys are split where a transform needs an argument for that. For NNX, "
    "vmap and scan with split keys are counted: its other transforms give the masks of plain "
    "calls, bit for bit (DP508, DP512). Transforms that the installed release lacks are left out.",
    needs=("mask", "lifted"),
    explained_by=("DP306", "DP307", "DP202", "DP301", "DP403"),
    killed_by=("vmap_half_shared",),
    cases=lambda profile, _: st.sampled_from(_of(profile)),
    explicit=_CASES[:2],
    discrepancies={
        f"{transform}, {what}": 0.02
        for transform in _TRANSFORMS
        for what in ("kept", "two answers")
    },
    few=lambda profile: len(_of(profile)),
)
def transforms_distribution(sampler: Sampler, block: int) -> tuple[Trials, ...]:
    families, missing = [], []
    for transform in _SPLIT if sampler.subject.traits.api == "nnx" else _TRANSFORMS:
        keys = sampler.keys(max(1, sampler.num_keys // 2), role=transform, block=block)
        try:
            kept = sampler.masks_in(sampler.performed(Under(transform, 2), keys))
        except Unsupported as error:
            missing.append(error)
            continue
        families += _counts(transform, kept.reshape(len(kept), 2, -1), sampler)
    if not families:
        raise missing[0]
    return tuple(families)


def _counts(transform: Transform, kept: np.ndarray, sampler: Sampler) -> list[Trials]:
    """Count bool[num_keys, 2, num_units]: which units are kept, and which agree in both."""
    keep, first, second = sampler.keep, kept[:, 0], kept[:, 1]
    same = int(np.count_nonzero(first == second))
    return [
        Trials.of(int(np.count_nonzero(kept)), kept.size, keep, label=f"{transform}, kept"),
        Trials.of(same, first.size, agreement(keep), label=f"{transform}, two answers"),
    ]
