"""DP112: what training refuses for its dtype, evaluation refuses too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp

from dropout_props.cases.case import Case
from dropout_props.cases.strategies import UNSCALABLE_DTYPES
from dropout_props.properties.declaration import Exact, Property, Violation
from dropout_props.properties.outputs import decisive_cases
from dropout_props.subjects.subject import SubjectError, WrongOutput

if TYPE_CHECKING:
    from dropout_props.properties.sampler import Sampler


def _check(sampler: Sampler) -> None:
    passing = []
    for dtype in UNSCALABLE_DTYPES:
        x = jnp.asarray(sampler.case.inputs()).astype(dtype)
        if not _training_refuses(sampler, x):
            continue  # DP108 speaks of that
        try:
            sampler.subject.call(x, rate=sampler.case.rate, training=False, expect_errors=True)
        except WrongOutput as error:
            raise Violation(
                f"{dtype}: training refuses it, evaluation makes {error.seen} of it"
            ) from error
        except (TypeError, ValueError):
            continue
        passing.append(dtype)
    if passing:
        raise Violation(f"training refuses them, evaluation lets them pass: {', '.join(passing)}")


def _training_refuses(sampler: Sampler, x: Any) -> bool:
    streams = sampler.streams(sampler.key())
    try:
        sampler.subject.call(
            x, rate=sampler.case.rate, training=True, streams=streams, expect_errors=True
        )
    except SubjectError:  # it answered, if wrongly
        return False
    except (TypeError, ValueError):
        return True
    return False


PROPERTY = Property(
    id="DP112",
    name="one door for both modes",
    sentence="An input of integers or booleans that training refuses is refused in evaluation too, "
    "with a TypeError or a ValueError.",
    formula="train(x) raises => eval(x) raises, for x of an integer or boolean dtype",
    means="A model is exported and serves on token ids or masks, and fails the day it is trained.",
    assumes="A layer whose training takes such an input is not at fault here; DP108 speaks of it.",
    mutants=("evaluation_unguarded", "integers_cast_in_evaluation"),
    needs=("eval_mode",),
    decision=Exact(
        cases=decisive_cases, check=_check, explicit=(Case(shape=(128,), rate=0.5),), weight=8
    ),
)
