"""DP513: where JAX's own transform meets a layer, the framework refuses, or no mask is frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property, Violation
from dropout_props.properties.outputs import decisive_cases
from dropout_props.properties.transforms import TIMES, outputs_under
from dropout_props.subjects.subject import Crashed, Unsupported

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler
    from dropout_props.subjects.operations import Transform

_RAW: dict[Transform, str] = {
    "raw scan": "jax.lax.scan over a layer",
    "raw jit": "jax.jit of a layer",
    "raw remat": "jax.checkpoint of a layer",
    "closed scan": "the framework's scan, whose body closes over a layer",
}


def _check(sampler: Sampler) -> None:
    frozen = [words for transform, words in _RAW.items() if _is_frozen(sampler, transform)]
    if frozen:
        raise Violation(f"{TIMES} calls share one mask, and nothing is said: {'; '.join(frozen)}")


def _is_frozen(sampler: Sampler, transform: Transform) -> bool:
    try:
        first, *others = outputs_under(sampler, transform)
    except (Crashed, Unsupported):  # refused, or there is no such way
        return False
    return any(np.array_equal(first, other) for other in others)


PROPERTY = Property(
    id="DP513",
    name="raw transforms",
    sentence="Where jax.jit, jax.checkpoint or jax.lax.scan, or a scan whose body closes over a "
    "layer, meets a layer that counts its calls, the framework raises or every call has a mask "
    "of its own.",
    formula="an error, or m_s != m_t for calls s != t",
    means="A model trains on one frozen mask for every step, and no message says so.",
    assumes="Any error is a refusal.",
    mutants=("frozen_count",),
    blocked_by=("DP201",),
    needs=("lifted",),
    decision=Exact(
        cases=decisive_cases,
        check=_check,
        explicit=(Case(shape=(128,), rate=0.5),),
        weight=16,
    ),
)
