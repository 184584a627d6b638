"""DP513: a transform of JAX's own around a layer raises, or freezes no mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property, Violation
from dropout_props.properties.outputs import decisive_cases
from dropout_props.properties.transforms import TIMES, equal_calls, outputs_under
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
        raise Violation(f"{TIMES} calls share one mask without an error: {'; '.join(frozen)}")


def _is_frozen(sampler: Sampler, transform: Transform) -> bool:
    try:
        return equal_calls(sampler, outputs_under(sampler, transform), transform) is not None
    except (Crashed, Unsupported):  # rejected, or not available
        return False


PROPERTY = Property(
    id="DP513",
    name="raw jit/scan freeze no mask",
    level="framework",
    sentence="Where jax.jit, jax.checkpoint or jax.lax.scan, or a scan whose body closes over a "
    "layer, meets a layer that counts its calls, the framework raises or every call has its own "
    "mask.",
    formula="an error, or m_s != m_t for calls s != t",
    means="A model trains on one frozen mask at every step, and no error says so.",
    assumes="Any error counts as a rejection.",
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
