"""After a failure: is the fault in the layer, in one key alone, or in the counting?

The failing case is judged again with the same key, with fresh keys, and with masks of exact
Bernoulli trials that NumPy draws. Those masks share nothing with Flax or JAX, so if they fail, the
counting is at fault. The outcome is a sentence of the report; the verdict does not change.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dropout_props.engine.reference_masks import ExactSampler, ExactSubject
from dropout_props.engine.sequential_test import Example, Rule, judge_example
from dropout_props.properties.sampler import BLOCK_UNITS
from dropout_props.subjects.subject import SubjectError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

    from dropout_props.cases.case import Case
    from dropout_props.properties import Statistical
    from dropout_props.properties.sampler import Sampler

__all__ = ["confirm_exact", "confirm_statistical"]


def confirm_exact(judge: Callable[[Case], Exception | None], case: Case) -> str:
    """Judge a counterexample again, with the same key and with a fresh one; return a sentence."""
    again = judge(case) is not None
    fresh = judge(replace(case, seed=(case.seed + 1) % 2**32)) is not None
    return f"{_words(again, fresh)} (the same key {_did(again)}, a fresh key {_did(fresh)})"


def confirm_statistical(worst: Example, decision: Statistical, rule: Rule) -> str:
    """Judge a failing example again, with the same key, fresh keys, and a correct layer.

    Args:
        worst: the example with the most evidence.
        decision: the counts of the property.
        rule: the thresholds.

    Returns:
        A sentence.
    """
    sampler = worst.sampler
    again = judge_example(sampler, decision, rule).log_evidence >= worst.log_evidence
    fresh = _refuted(
        replace(sampler, property_id=f"{sampler.property_id} confirmed"), decision, rule
    )
    first, counted = _words(again, fresh), "could not be judged"
    # Whatever happens to the correct layer, the failure of the subject remains one.
    with suppress(Unsupported, SubjectError):
        correct = _refuted(_reference(sampler), decision, rule)
        first = "the counting is at fault" if correct else first
        counted = _did(correct)
    return (
        f"{first} (the same key {_did(again)}, fresh keys {_did(fresh)}, "
        f"a correct layer through the same count {counted})"
    )


def _reference(sampler: Sampler) -> ExactSampler:
    exact: Any = ExactSubject()
    return ExactSampler(
        exact, sampler.case, sampler.property_id, sampler.run_seed, units=BLOCK_UNITS
    )


def _refuted(sampler: object, decision: Statistical, rule: Rule) -> bool:
    return judge_example(sampler, decision, rule).decision == "refuted"  # type: ignore[arg-type]


def _did(failed: bool) -> str:  # noqa: FBT001 (the words for a truth value)
    return "failed" if failed else "did not fail"


def _words(again: bool, fresh: bool) -> str:  # noqa: FBT001
    if again and fresh:
        return "confirmed"
    return "this key only" if again else "not reproduced"
