"""DP513: a transform of JAX's own around a layer raises, or freezes no mask."""

from dropout_props.properties.catalogue import Crashed, Sampler, Unsupported, Violation, exact
from dropout_props.properties.transforms import TIMES, equal_calls, outputs_under
from dropout_props.subjects.operations import Transform

_RAW: dict[Transform, str] = {
    "raw scan": "jax.lax.scan over a layer",
    "raw jit": "jax.jit of a layer",
    "raw remat": "jax.checkpoint of a layer",
    "closed scan": "the framework's scan, whose body closes over a layer",
}


@exact(
    "DP513",
    "raw jit/scan freeze no mask",
    statement="Where jax.jit, jax.checkpoint or jax.lax.scan, or a scan whose body closes over a "
    "layer, meets a layer that counts its calls, the framework raises or every call has its own "
    "mask.",
    formula="an error, or m_s != m_t for calls s != t",
    if_broken="A model trains on one frozen mask at every step, and no error says so.",
    assumes="Any error counts as a rejection.",
    level="framework",
    needs=("lifted",),
    explained_by=("DP802",),
    killed_by=("frozen_count",),
    weight=16,
)
def raw_transforms(sampler: Sampler) -> None:
    frozen = [words for transform, words in _RAW.items() if _is_frozen(sampler, transform)]
    if frozen:
        raise Violation(f"{TIMES} calls share one mask without an error: {'; '.join(frozen)}")


def _is_frozen(sampler: Sampler, transform: Transform) -> bool:
    try:
        return equal_calls(sampler, outputs_under(sampler, transform), transform) is not None
    except (Crashed, Unsupported):  # rejected, or not available
        return False
