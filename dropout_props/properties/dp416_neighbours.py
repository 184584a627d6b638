"""DP416: a dropout layer does not change the parameters that are initialised after it."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from dropout_props.properties.bits import same_bits
from dropout_props.properties.catalogue import Case, Sampler, Violation, exact, strategies
from dropout_props.subjects.operations import Beside
from dropout_props.subjects.subject import Unsupported


def _keys(sampler: Sampler) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the ways to give a new model its keys: one a stream, and one for all."""
    traits = sampler.subject.traits
    own = traits.stream or "dropout"
    yield f"with keys for 'params' and {own!r}", {
        "params": sampler.key("params"), own: sampler.key(own)
    }  # fmt: skip
    if traits.api == "nnx":
        yield "with one stream 'default'", {"default": sampler.key("default")}
    else:
        yield "with a key for 'params' alone", {"params": sampler.key("params")}


@exact(
    "DP416",
    "other parameters unchanged",
    statement="Adding the layer to a model does not change the parameters that are initialised "
    "after it, with keys for 'params' and the layer's stream or with one key for all.",
    formula="init(after the layer; k) = init(without the layer; k), at every rate",
    if_broken="Adding dropout, or removing it for a comparison, starts from other parameters.",
    assumes="The one key for all is the stream 'default' in NNX, where the layer is built, not "
    "called, before the parameter is initialised. In Linen it is the key for 'params', where an "
    "error is accepted too, and the layer is called both as a submodule and in the scope of the "
    "model, as where a model extends the layer: its own parameters then follow those calls.",
    level="framework",
    needs=("identity", "streams", "lifted"),
    blocked_by=(),
    killed_by=("params_key_taken",),
    cases=strategies.cases(rate=(0.0, 0.9), pool=((128,), (5, 3)), values=("distinct",)),
    explicit=(Case(rate=0.5), Case(rate=0.0)),
    weight=4,
)
def neighbours(sampler: Sampler) -> None:
    for keys, streams in _keys(sampler):
        expected = np.asarray(_parameter(sampler, Beside("nowhere"), streams))
        for place in (Beside("own place"), Beside("model's scope")):
            try:
                seen = _parameter(sampler, place, streams)
            except Unsupported:
                if place.layer == "own place":
                    raise
                continue
            if seen is not None and not same_bits(np.asarray(seen), expected):
                where = "" if place.layer == "own place" else ", in the scope of the model itself,"
                raise Violation(f"{keys} the layer{where} changed a parameter initialised after it")


def _parameter(sampler: Sampler, operation: Beside, streams: dict[str, Any]) -> Any:
    """Return the parameter; None where a model without a key for the layer's stream is refused."""
    keyed = len(streams) > 1 or "default" in streams
    try:
        (answer,) = sampler.run(operation, streams=streams, expect_errors=not keyed)
    except Exception as error:
        if not keyed and type(error).__name__ in sampler.subject.traits.missing_key_errors:
            return None
        raise
    return answer
