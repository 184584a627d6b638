"""DP413: reseeding restarts the stream of a layer, whatever stream it was built on."""

from typing import Any

import numpy as np

from dropout_props.properties.catalogue import Sampler, Violation, exact
from dropout_props.properties.coincidence import always_equal
from dropout_props.subjects.operations import Steps

_PROGRAM = Steps(("call", "reseed", "call", "reseed", "call"))


@exact(
    "DP413",
    "reseeding restarts streams",
    statement="Reseeding the layer's stream with one key makes the next mask the same each time, "
    "and another one than before.",
    formula="mask after reseed(m, k) = mask after reseed(m, k) again",
    if_broken="A run that should be repeatable is not, and no error says so.",
    assumes="A layer that was built on the stream 'default' treats it as its own.",
    level="framework",
    needs=("state",),
    explained_by=("DP802",),
    killed_by=("own_counter",),
    weight=8,
)
def reseed(sampler: Sampler) -> None:
    own = sampler.subject.traits.stream or "dropout"
    for stream in (own, "default"):

        def outputs(key: Any, stream: str = stream) -> list[Any]:
            return [np.asarray(y) for y in sampler.run(_PROGRAM, streams={stream: key})]

        _, once, twice = outputs(sampler.key(stream))
        if always_equal(sampler, lambda key: tuple(outputs(key)[:2]), role=stream):
            raise Violation(f"built on the stream {stream!r}: a reseed left the mask unchanged")
        if not np.array_equal(once, twice):
            raise Violation(
                f"built on the stream {stream!r}: after reseeding {own!r} twice with one key the "
                "masks differ, so the reseed had no effect"
            )
