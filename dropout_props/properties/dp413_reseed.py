"""DP413: reseeding starts a stream again, whatever stream the layer was built on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property, Violation
from dropout_props.properties.outputs import decisive_cases
from dropout_props.subjects.operations import Steps

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

_PROGRAM = Steps(("call", "reseed", "call", "reseed", "call"))


def _check(sampler: Sampler) -> None:
    case = sampler.case
    own = sampler.subject.traits.stream or "dropout"
    for stream in (own, "default"):
        before, once, twice = map(
            np.asarray,
            sampler.subject.perform(
                jnp.asarray(case.inputs()),
                _PROGRAM,
                rate=case.rate,
                streams={stream: sampler.key(stream)},
            ),
        )
        if np.array_equal(before, once):
            raise Violation(f"built on the stream {stream!r}: a reseed left the mask as it was")
        if not np.array_equal(once, twice):
            raise Violation(
                f"built on the stream {stream!r}: after reseeding {own!r} twice with one key the "
                "masks differ, so it did nothing"
            )


PROPERTY = Property(
    id="DP413",
    name="reseed",
    sentence="After reseeding the layer's stream with one key, the next mask is always the same, "
    "and another one than before.",
    formula="reseed(m, k) called = reseed(m, k) called again",
    means="A run that was meant to be repeatable is not, and nothing says so.",
    assumes="A layer that was built on the stream 'default' draws from it as its own.",
    mutants=("own_counter",),
    blocked_by=("DP201",),
    needs=("state",),
    decision=Exact(
        cases=decisive_cases,
        check=_check,
        explicit=(Case(shape=(128,), rate=0.5),),
        weight=8,
    ),
)
