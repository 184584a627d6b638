"""DP401: the same key gives the same mask again."""

import numpy as np

from dropout_props.cases import strategies
from dropout_props.properties.bits import first_difference, same_bits
from dropout_props.properties.catalogue import Sampler, Violation, exact
from dropout_props.properties.exact_cases import every_shape

_CALLS = 3


@exact(
    "DP401",
    "same key, same mask",
    statement="The same key gives the same output, whatever the layer was called with in between.",
    formula="train(x, rate, k) = train(x, rate, k), bit for bit",
    if_broken="A run cannot be reproduced: some of its randomness does not come from the key.",
    assumes="All calls are made in one process and one mode of execution.",
    level="core",
    blocked_by=(),
    killed_by=("host_random", "process_counter"),
    cases=every_shape(dtypes=strategies.DTYPES),
    one_program=True,
)
def same_key(sampler: Sampler) -> None:
    case, key = sampler.case, sampler.key()
    x = sampler.inputs()
    other = sampler.streams(sampler.key("between"))

    def train(streams: dict[str, object]) -> np.ndarray:
        return np.asarray(sampler.subject.call(x, rate=case.rate, training=True, streams=streams))

    first = train(sampler.streams(key))
    for call in range(2, _CALLS + 1):
        train(other)  # another key in between must leave no trace
        again = train(sampler.streams(key))
        if not same_bits(again, first):
            raise Violation(f"call {call} with the key of call 1: {first_difference(again, first)}")
