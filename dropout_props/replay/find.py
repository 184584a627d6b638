"""Finds a stored failure by its id, and judges its case again.

Question: does the failure with this id still occur here?
Guarantee: the same subject, property, case and run seed give the same keys. In the same environment
the counts are the same integers, and the evidence is the same number, bit for bit.
Cannot say: whether the property holds for other cases; `check` judges those.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dropout_props.engine import Settings
    from dropout_props.results.records import Counts, PropertyResult, Replay, RunResult
    from dropout_props.subjects.subject import Subject

__all__ = ["Ending", "Found", "NoSuchFailure", "Replayed", "find_failure", "replay", "subject_of"]


class NoSuchFailure(LookupError):
    """Not exactly one failure of a result has this id."""


class Ending(str, Enum):
    """What became of a failure; NOT JUDGED says that it could not be told."""

    FIXED = "FIXED"
    FAILED = "FAILED"
    ERROR = "ERROR"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_JUDGED = "NOT JUDGED"


@dataclass(frozen=True)
class Found:
    """A failure in a result."""

    run: RunResult
    result: PropertyResult
    replay: Replay


@dataclass(frozen=True)
class Replayed:
    """The outcome of judging a failure again.

    Args:
        ending: FIXED, FAILED, ERROR, INCONCLUSIVE or NOT JUDGED.
        seen: what this run saw.
        same: whether counts and evidence equal the stored ones; None for an exact property.
        log10_evidence: evidence of the case in this run.
    """

    ending: Ending
    seen: str
    same: bool | None = None
    log10_evidence: float | None = None


def find_failure(run: RunResult, name: str) -> Found:
    """Return the failure whose id begins with `name`.

    Raises:
        NoSuchFailure: no id does, or several do; the text lists the ids of the result.
    """
    all_ids = {}
    for one in run.results:
        if one.failure is not None and one.failure.replay is not None:
            all_ids[one.failure.replay.id] = Found(run, one, one.failure.replay)
    fitting = [found for key, found in all_ids.items() if name and key.startswith(name.lower())]
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(
        f"{k} ({f.result.subject} {f.result.property_id})" for k, f in all_ids.items()
    )
    raise NoSuchFailure(
        f"{name!r} is the id of {'several failures' if fitting else 'no failure'} here; "
        f"{'there are ' + listed if listed else 'this result holds no failure'}. Another result "
        "file is named with --result."
    )


def replay(found: Found) -> Replayed:
    """Judge the failure again.

    Raises:
        UnknownSubject: the subject is not found any more, so that nothing can be judged.
    """
    from dropout_props.engine import Settings
    from dropout_props.properties import UnknownProperty, find
    from dropout_props.subjects.subject import SubjectError, Unsupported

    settings = Settings.of(
        run_seed=found.run.run_seed,
        profile=found.run.profile,
        false_fail_rate=found.run.false_fail_rate,
    )
    subject = subject_of(found)
    try:
        prop = find(found.result.property_id)
        if found.replay.decided == "counterexample":
            return _exact(subject, prop.id, found, settings)
        if found.replay.decided == "example":
            return _example(subject, prop.id, found, settings)
        return _whole(subject, prop.id, settings)
    except SubjectError as error:
        return Replayed(Ending.ERROR, str(error))
    except (Unsupported, UnknownProperty) as error:
        return Replayed(Ending.NOT_JUDGED, str(error))


def subject_of(found: Found) -> Subject:
    """Return the subject of a failure as it was judged, by its name or else by its place.

    Raises:
        UnknownSubject: neither is found.
    """
    from dropout_props.engine.probe import probe
    from dropout_props.layers import registry
    from dropout_props.subjects.errors import UnknownSubject

    try:
        subject = registry.load(found.result.subject)
    except UnknownSubject:
        if not found.replay.source:
            raise
        subject = registry.load(found.replay.source)
    return probe(subject).subject


def _exact(subject: Subject, property_id: str, found: Found, settings: Settings) -> Replayed:
    from dropout_props.engine.failure_ids import case_of
    from dropout_props.properties import Violation, find
    from dropout_props.properties.sampler import Sampler

    decision = find(property_id).exact
    assert decision is not None
    assert found.replay.case is not None
    try:
        decision.check(Sampler(subject, case_of(found.replay.case), property_id, settings.run_seed))
    except Violation as violation:
        return Replayed(Ending.FAILED, str(violation))
    return Replayed(Ending.FIXED, "the property holds for the case that failed")


def _example(subject: Subject, property_id: str, found: Found, settings: Settings) -> Replayed:
    from dropout_props.engine.budget import own_share, undecided_share
    from dropout_props.engine.cases import explicit_cases
    from dropout_props.engine.failure_ids import case_of
    from dropout_props.engine.sequential_test import Rule, judge_example
    from dropout_props.properties import Statistical, find
    from dropout_props.properties.sampler import Sampler
    from dropout_props.statistics import example_threshold

    prop, share = find(property_id), found.run.share
    decision = prop.decision
    assert isinstance(decision, Statistical)
    assert found.replay.case is not None
    share = own_share(share, found.run.num_properties) if prop.is_own else share
    number = decision.num_examples(settings.profile, len(explicit_cases(decision, subject)))
    rule = Rule(
        log_threshold=example_threshold(share, number),
        false_pass_rate=found.run.false_pass_rate,
        factor=settings.profile.discrepancy_factor,
        undecided_rate=undecided_share(share) / number,
    )
    sampler = Sampler(subject, case_of(found.replay.case), property_id, settings.run_seed)
    example = judge_example(sampler, decision, rule)
    record = example.record(confidence=1.0 - found.run.false_pass_rate)
    ending = Ending.FAILED if example.decision == "refuted" else Ending.FIXED
    same = (
        _integers(record.counts) == _integers(found.replay.counts)
        and record.log10_evidence == found.replay.log10_evidence
    )
    return Replayed(ending, _counted(record.counts), same, record.log10_evidence)


def _whole(subject: Subject, property_id: str, settings: Settings) -> Replayed:
    """Judge the whole property: it failed by all cases together, or the subject crashed."""
    from dropout_props.engine.run import new_judge
    from dropout_props.properties import find
    from dropout_props.results.verdict import Verdict

    result = new_judge(settings)(subject, find(property_id))
    ending = {
        Verdict.ERROR: Ending.ERROR,
        Verdict.PASS: Ending.FIXED,
        Verdict.INCONCLUSIVE: Ending.INCONCLUSIVE,
        Verdict.NOT_APPLICABLE: Ending.NOT_JUDGED,
        Verdict.BLOCKED: Ending.NOT_JUDGED,
    }.get(result.verdict, Ending.FAILED)
    if result.verdict is Verdict.FAIL and result.unlisted is Verdict.PASS:
        ending = Ending.FIXED
    return Replayed(ending, f"{result.verdict}: {result.shown}")


def _integers(counts: tuple[Counts, ...]) -> list[tuple[str, int, int]]:
    return [(one.label, one.successes, one.trials) for one in counts]


def _counted(counts: tuple[Counts, ...]) -> str:
    worst = max(counts, key=lambda one: one.log10_evidence)
    return (
        f"{worst.label}: {worst.worst_successes} of {worst.worst_trials}, "
        f"where {(worst.lowest + worst.highest) / 2:.6g} was expected"
    )
