"""DP406: a key that is passed to the call decides the mask alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dropout_props.cases import strategies
from dropout_props.cases.case import Case
from dropout_props.properties.bits import first_difference, same_bits
from dropout_props.properties.coincidence import always_equal
from dropout_props.properties.declaration import Exact, Property, Violation

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler


def _check(sampler: Sampler) -> None:
    case = sampler.case
    x = sampler.inputs()

    def train(key: object, streams: dict[str, object]) -> np.ndarray:
        call = sampler.subject.call_explicit
        return np.asarray(call(x, key=key, rate=case.rate, streams=streams))

    key = sampler.key("explicit")
    alone = train(key, {})
    for what, streams in (
        ("again, with no stream", {}),
        ("beside a stream key", sampler.streams(sampler.key("stream"))),
        ("beside another stream key", sampler.streams(sampler.key("other stream"))),
    ):
        y = train(key, streams)
        if not same_bits(y, alone):
            raise Violation(f"the explicit key {what}: {first_difference(y, alone)}")
    if always_equal(sampler, lambda other: (train(other, {}), alone), role="another"):
        raise Violation("another explicit key left the output unchanged")


PROPERTY = Property(
    id="DP406",
    name="explicit key decides alone",
    sentence="A key that is passed to the call decides the mask alone, whatever keys its streams "
    "have.",
    formula="train(x, key=k, {s: j}) = train(x, key=k) for all j; it changes with k",
    means="The layer ignores the key that the caller chose, or mixes it with another.",
    assumes="Two masks of a hundred units or more at a rate from 0.3 to 0.7 are equal with "
    "probability below 2^-70.",
    mutants=("explicit_key_ignored", "explicit_key_mixed"),
    needs=("explicit_key",),
    decision=Exact(
        cases=lambda profile, _: strategies.cases(
            rate=strategies.inner_rates(0.3, 0.7),
            pool=strategies.WIDE_SHAPES if profile.wide_pools else strategies.SHAPES,
            values=("distinct", "negative"),
            min_size=100,
        ),
        check=_check,
        one_program=True,
        explicit=(Case(shape=(128,), rate=0.5),),
    ),
)
