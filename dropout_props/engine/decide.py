"""Decides one property of one subject: an exact one by a search, a statistical one by a ledger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING

from dropout_props.engine.budget import undecided_share
from dropout_props.engine.cases import explicit_cases, fitted
from dropout_props.engine.confirm import confirm_exact, confirm_statistical
from dropout_props.engine.crashed_cases import Crash, Crashes
from dropout_props.engine.failure_ids import with_replay
from dropout_props.engine.messages import (
    Pair,
    exact_failure,
    exact_pass,
    relative_interval,
    statistical_failure,
    statistical_pass,
    undecided,
)
from dropout_props.engine.search import search
from dropout_props.engine.sequential_test import Example, Rule, judge_example
from dropout_props.properties import NotRun, Statistical, Violation
from dropout_props.results.verdict import Verdict
from dropout_props.statistics import example_threshold, ledger_threshold, pooled_log_evidence
from dropout_props.subjects.compiled.adapter import in_one_program
from dropout_props.subjects.compiled.one_program import eagerly, num_runs
from dropout_props.subjects.subject import Crashed, Unsupported

if TYPE_CHECKING:
    from dropout_props.cases.case import Case
    from dropout_props.engine.settings import Settings
    from dropout_props.properties import Property
    from dropout_props.results.records import ExampleResult, Failure
    from dropout_props.subjects.subject import Subject

# The self-test measures the functions of `statistics` as this module uses them.
__all__ = [
    "Outcome",
    "decide_exact",
    "decide_statistical",
    "example_threshold",
    "ledger_threshold",
    "pooled_log_evidence",
]


@dataclass(frozen=True)
class Outcome:
    """The decision about one property; `crash` is what the subject raised in some of its cases."""

    verdict: Verdict
    shown: str
    num_examples: int
    failure: Failure | None = None
    examples: tuple[ExampleResult, ...] = ()
    relative_interval: tuple[float, float] | None = None
    crash: Crash | None = None


class _Refuted(Exception):
    """One example alone refutes the property."""


def decide_exact(subject: Subject, prop: Property, settings: Settings) -> Outcome:
    """Search for a counterexample, and report the simplest one that shrinking reaches."""
    decision = prop.exact
    assert decision is not None
    judged: list[Case] = []
    crashes = Crashes()
    not_run: dict[str, None] = {}  # reasons, in their order

    quick = in_one_program(subject) if decision.one_program else subject

    def check(case: Case) -> None:
        """Check the case; what programs of the suite have shown, eager calls have to show too."""
        runs = num_runs()
        try:
            decision.check(settings.sampler(quick, case, prop.id, settings.run_seed))
        except Exception:
            if quick is subject and num_runs() == runs:
                raise
            with eagerly():
                decision.check(settings.sampler(subject, case, prop.id, settings.run_seed))

    def judge(case: Case) -> Exception | None:
        try:
            check(case)
        except NotRun as reason:
            not_run[str(reason)] = None
            return None
        except Violation as violation:
            judged.append(case)
            return violation
        except Crashed as error:
            crashes.add(case, error)
            return None
        judged.append(case)
        return None

    found = search(
        judge,
        explicit=explicit_cases(decision, subject),
        strategy=decision.cases(settings.profile, subject.traits).map(fitted(decision, subject)),
        max_examples=max(1, settings.profile.exact_examples // decision.weight),
        seed=settings.search_seed(prop.id),
    )
    if found is None:
        return _without_counterexample(judged, crashes, list(not_run))
    case, violation = found
    confirmation = confirm_exact(judge, case) if settings.confirm else ""
    failure = with_replay(
        exact_failure(
            Pair(subject, prop, settings),
            case=case,
            seen=str(violation),
            confirmation=confirmation,
        ),
        subject,
        prop.id,
        settings,
        decided="counterexample",
        case=case,
    )
    return Outcome(Verdict.FAIL, str(violation), len(judged), failure)


def _without_counterexample(judged: list[Case], crashes: Crashes, not_run: list[str]) -> Outcome:
    if (crash := crashes.beside(judged)) is not None:
        return Outcome(Verdict.ERROR, crash.where, len(judged), crash=crash)
    if not_run and not judged:
        raise Unsupported("; ".join(not_run))
    return Outcome(Verdict.PASS, exact_pass(len(judged), not_run), len(judged))


def decide_statistical(subject: Subject, prop: Property, settings: Settings) -> Outcome:
    """Count, and if the counts refute nothing, search for a counterexample to the exact part."""
    counted = _decide_counts(subject, prop, settings)
    if prop.exact is None or counted.verdict is Verdict.FAIL:
        return counted
    exact = decide_exact(subject, prop, settings)
    if exact.crash is not None:
        return exact if counted.crash is None else counted
    if exact.verdict is not Verdict.FAIL:
        return replace(counted, shown=f"{counted.shown}; {exact.shown}")
    return replace(counted, verdict=exact.verdict, shown=exact.shown, failure=exact.failure)


def _decide_counts(subject: Subject, prop: Property, settings: Settings) -> Outcome:
    """Fill the ledger example by example, and compare its evidence with the property's share."""
    decision = prop.decision
    assert isinstance(decision, Statistical)
    explicit, share = explicit_cases(decision, subject), settings.budget.share_of(prop)
    number = decision.num_examples(settings.profile, len(explicit))
    rule = Rule(
        log_threshold=example_threshold(share, number),
        false_pass_rate=settings.budget.false_pass_rate,
        factor=settings.profile.discrepancy_factor,
        undecided_rate=undecided_share(share) / number,
    )
    ledger: list[Example] = []
    crashes = Crashes()
    quick = in_one_program(subject)

    def judge(case: Case) -> Exception | None:
        sampler = settings.sampler(quick, case, prop.id, settings.run_seed)
        try:
            example = judge_example(sampler, decision, rule)
        except Crashed as error:
            crashes.add(case, error)
            return None
        if len(ledger) < number:  # cases of shrinking are not evidence
            ledger.append(example)
        return _Refuted(example) if example.decision == "refuted" else None

    found = search(
        judge,
        explicit=explicit,
        strategy=decision.cases(settings.profile, subject.traits).map(fitted(decision, subject)),
        max_examples=number,
        seed=settings.search_seed(prop.id),
    )
    crash = crashes.beside([example.sampler.case for example in ledger])
    pooled = pooled_log_evidence([e.log_evidence for e in ledger], number)
    confidence = 1.0 - settings.budget.false_pass_rate
    records = tuple(example.record(confidence=confidence) for example in ledger)
    relative = relative_interval(decision, ledger, confidence)
    pair = Pair(subject, prop, settings)
    failure: Failure | None = None
    if found is not None or pooled >= ledger_threshold(share):
        worst = found[1].args[0] if found else max(ledger, key=lambda e: e.log_evidence)
        failure = statistical_failure(
            pair,
            worst=worst,
            log10_evidence=(worst.log_evidence if found else pooled) / log(10),
            log10_needed=(rule.log_threshold if found else ledger_threshold(share)) / log(10),
            confirmation=confirm_statistical(worst, decision, rule) if settings.confirm else "",
        )
        failure = with_replay(
            failure,
            subject,
            prop.id,
            settings,
            decided="example" if found else "ledger",
            case=worst.sampler.case,
            example=worst.record(confidence=confidence),
        )
        verdict, shown, crash = Verdict.FAIL, failure.seen, None
    elif crash is not None:
        verdict, shown = Verdict.ERROR, crash.where
    elif unsure := [example for example in ledger if example.decision == "undecided"]:
        failure = statistical_failure(
            pair,
            worst=unsure[0],
            log10_evidence=pooled / log(10),
            log10_needed=ledger_threshold(share) / log(10),
        )
        verdict, shown = Verdict.INCONCLUSIVE, undecided(unsure, len(ledger))
    else:
        verdict, shown = Verdict.PASS, statistical_pass(ledger, relative)
    return Outcome(verdict, shown, len(ledger), failure, records, relative, crash)
