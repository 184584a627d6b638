"""DP401: the same key gives the same mask again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dropout_props.cases import strategies
from dropout_props.cases.case import Case
from dropout_props.properties.bits import first_difference, same_bits
from dropout_props.properties.declaration import Exact, Property, Violation

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

_CALLS = 3


def _check(sampler: Sampler) -> None:
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


PROPERTY = Property(
    id="DP401",
    name="same key, same mask",
    level="core",
    sentence="The same key gives the same output, whatever the layer was called with in between.",
    formula="train(x, rate, k) = train(x, rate, k), bit for bit",
    means="A run cannot be reproduced: some of its randomness does not come from the key.",
    assumes="All calls are made in one process and one mode of execution.",
    mutants=("host_random", "process_counter"),
    decision=Exact(
        cases=lambda profile, _: strategies.cases(
            pool=strategies.WIDE_SHAPES if profile.wide_pools else strategies.SHAPES,
            dtypes=strategies.DTYPES,
        ),
        check=_check,
        one_program=True,
        explicit=(Case(shape=(128,), rate=0.5),),
    ),
)
