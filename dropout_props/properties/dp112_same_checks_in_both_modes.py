"""DP112: evaluation rejects the input dtypes that training rejects."""

from typing import Any

import jax

from dropout_props.cases.strategies import UNSCALABLE_DTYPES
from dropout_props.properties.catalogue import Sampler, Violation, exact
from dropout_props.subjects.subject import SubjectError, WrongOutput


@exact(
    "DP112",
    "evaluation rejects integers",
    statement="An integer or boolean input that the layer rejects in training it also rejects in "
    "evaluation, with a TypeError or a ValueError.",
    formula="train(x) raises => eval(x) raises, for x of an integer or boolean dtype",
    if_broken="A model is exported and serves token ids or masks, and fails on the day it is "
    "trained.",
    assumes="A layer that accepts such an input in training does not violate this property; DP108 "
    "covers it.",
    needs=("eval_mode",),
    blocked_by=(),
    killed_by=("evaluation_unguarded", "integers_cast_in_evaluation"),
    weight=8,
)
def same_checks_in_both_modes(sampler: Sampler) -> None:
    accepted = []
    for dtype in UNSCALABLE_DTYPES:
        x = jax.device_put(sampler.case.inputs().astype(dtype))
        if not _training_rejects(sampler, x):
            continue  # DP108 covers that
        try:
            sampler.subject.call(x, rate=sampler.case.rate, training=False, expect_errors=True)
        except WrongOutput as error:
            raise Violation(
                f"{dtype}: training rejects it, evaluation returns {error.seen}"
            ) from error
        except (TypeError, ValueError):
            continue
        accepted.append(dtype)
    if accepted:
        raise Violation(f"training rejects them, evaluation accepts them: {', '.join(accepted)}")


def _training_rejects(sampler: Sampler, x: Any) -> bool:
    try:
        sampler.train(x, expect_errors=True)
    except SubjectError:  # it returned something, if wrong
        return False
    except (TypeError, ValueError):
        return True
    return False
