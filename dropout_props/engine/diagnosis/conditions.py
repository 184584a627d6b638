"""Explanations by the case: the counts are wrong only for some dtype, rank, size or rate."""

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import TYPE_CHECKING

import numpy as np

from dropout_props.engine.sequential_test import Rule, judge_example
from dropout_props.properties.declaration import NotRun, Statistical, Violation
from dropout_props.subjects.subject import SubjectError, Unsupported

if TYPE_CHECKING:
    from dropout_props.cases.case import Case
    from dropout_props.properties import Property
    from dropout_props.properties.sampler import Sampler
    from dropout_props.statistics import Trials

__all__ = ["only_where"]

_LOG_THRESHOLD = log(1e12)
_FALSE_PASS_RATE = 1e-3
_MOST_TRIALS = 2**22  # a finer deviation would take too long to look for elsewhere
_RATES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
_SMALLEST = 128
_LEAST = 1e-9
_LARGEST = 1.0  # at rate 1/2 no probability is twice as far from that of the null


def only_where(sampler: Sampler, prop: Property) -> str:
    """Return in which cases alone the property fails, or nothing where it fails in all."""
    case, traits = sampler.case, sampler.subject.traits
    rule = _rule(_there(sampler, prop, case), prop)
    if rule is None or _fails(sampler, prop, case, rule) is not True:
        return ""

    def passes(other: Case) -> bool:
        return _fails(sampler, prop, other, rule) is False

    has_float32 = case.dtype != "float32" and "float32" in traits.dtypes
    if has_float32 and passes(replace(case, dtype="float32")):
        return f"wrong for inputs of {case.dtype}, and not of float32"
    rank = len(case.shape)
    for lower in range(rank - 1, max(traits.min_rank, 1) - 1, -1):
        if passes(_of_rank(case, lower)):
            return f"wrong at ranks of {lower + 1} or more"
    if traits.rate is None:
        right = [rate for rate in _RATES if passes(replace(case, rate=rate))]
        if right:
            wrong = _listed([rate for rate in _RATES if rate not in right] or [case.rate])
            return f"wrong at rates about {wrong}, and not at {_listed(right)}"
    if not traits.shares and rank == 1 and case.size > _SMALLEST:
        return _above_which_size(case, passes)
    return ""


def _of_rank(case: Case, rank: int) -> Case:
    """Return the case with its first axes merged."""
    merged = case.size
    rest = case.shape[len(case.shape) - rank + 1 :]
    for n in rest:
        merged //= n
    return replace(case, shape=(merged, *rest), broadcast_dims=())


def _above_which_size(case: Case, passes: object) -> str:
    assert callable(passes)
    size = _SMALLEST
    if not passes(replace(case, shape=(size,))):
        return ""
    while 2 * size < case.size and passes(replace(case, shape=(2 * size,))):
        size *= 2
    return f"wrong above {size} units"


def _there(sampler: Sampler, prop: Property, case: Case) -> Sampler:
    return replace(sampler, case=case, property_id=f"{prop.id} diagnosis")


def _rule(there: Sampler, prop: Property) -> Rule | None:
    """Return a rule that finds half the deviation of this case; None where that takes too long."""
    rule = Rule(log_threshold=_LOG_THRESHOLD, false_pass_rate=_FALSE_PASS_RATE, factor=1.0)
    if not isinstance(prop.decision, Statistical):
        return rule
    try:
        families = prop.decision.observe(there, 0)
    except (SubjectError, Unsupported):
        return None
    deviation, finest = max((_deviation(family), family.label) for family in families)
    if rule.trials_per_variance(1) / (deviation / 2) ** 2 > _MOST_TRIALS:
        return None
    deviation = min(deviation, _LARGEST)
    return replace(rule, factor=deviation / 2 / prop.decision.discrepancies[finest])


def _deviation(family: Trials) -> float:
    """Return the largest deviation of a member, in standard deviations of one trial."""
    middle = (family.lowest + family.highest) / 2
    off = np.abs(family.successes / np.maximum(family.trials, 1) - middle)
    return float((off / np.sqrt(middle * (1.0 - middle))).max()) or _LEAST


def _fails(sampler: Sampler, prop: Property, case: Case, rule: Rule) -> bool | None:
    """Return whether the property fails on a case; None where it says neither."""
    there = _there(sampler, prop, case)
    try:
        if isinstance(prop.decision, Statistical):
            decision = judge_example(there, prop.decision, rule).decision
            return {"refuted": True, "excluded": False}.get(decision)
        prop.decision.check(there)
    except Violation:
        return True
    except (NotRun, SubjectError, Unsupported):
        return None
    return False


def _listed(rates: list[float]) -> str:
    return ", ".join(f"{rate:g}" for rate in rates)
