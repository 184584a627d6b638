"""DP415: a model that is reseeded with the key of a fresh one drops the units that one does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jax.numpy as jnp

from dropout_props.cases.case import Case
from dropout_props.properties.declaration import Exact, Property
from dropout_props.properties.outputs import agree, decisive_cases
from dropout_props.subjects.operations import Reseeded

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler

# Frameworks go through a model by name: the last two are not built in that order.
_MODELS = (("only",), ("a", "b"), ("b", "a"), ("b/drop", "a/drop"))


def _check(sampler: Sampler) -> None:
    case = sampler.case
    for names in _MODELS:
        outputs = sampler.subject.perform(
            jnp.asarray(case.inputs()),
            Reseeded(names),
            rate=case.rate,
            streams=sampler.streams(sampler.key()),
        )
        fresh, reseeded = outputs[: len(names)], outputs[len(names) :]
        for name, expected, seen in zip(names, fresh, reseeded, strict=True):
            agree(sampler, seen, expected, f"layer {name} of {_words(names)}, reseeded")


def _words(names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return "a model of one layer"
    order = "the order" if list(names) == sorted(names) else "another order than that"
    return f"a model built in {order} of its names ({', then '.join(names)})"


PROPERTY = Property(
    id="DP415",
    name="reseeded as new",
    sentence="After reseeding a model's stream with the key that it was built on, its masks are "
    "those of the fresh model: of one layer alone, and of two in whatever order they were built.",
    formula="m(reseed(M(k) called, k)) = m(M(k)), layer by layer",
    means="A run that is started again in one process is not the run that a new process makes.",
    assumes="The stream has the layer's own name (DP413 asks the other case), and the layers of "
    "both models are called in one order. The masks of different keys differ (DP403).",
    mutants=("own_counter",),
    blocked_by=("DP201",),
    needs=("state", "layers"),
    decision=Exact(
        cases=decisive_cases,
        check=_check,
        explicit=(Case(shape=(128,), rate=0.5),),
        weight=8,
    ),
)
