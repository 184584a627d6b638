"""A whole run: every selected subject against every selected property, exact properties first."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from dropout_props.engine import Judge
from dropout_props.engine.pool import in_parallel
from dropout_props.environment import installed
from dropout_props.layers import registry
from dropout_props.properties import find
from dropout_props.results.records import RunResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dropout_props.engine import Settings
    from dropout_props.properties import Property
    from dropout_props.results.records import PropertyResult
    from dropout_props.subjects.subject import Subject

__all__ = ["TooManySubjects", "empty_result", "new_judge", "ordered_properties", "run"]


class TooManySubjects(ValueError):
    """More subjects than share the error budget."""


def ordered_properties(properties: Sequence[Property]) -> list[Property]:
    """Return the properties in the order in which they run: exact ones first, then by id."""
    return sorted(properties, key=lambda prop: (prop.is_statistical, prop.id))


def new_judge(settings: Settings) -> Judge:
    """Return a judge that knows what is installed, and which flags are set."""
    return Judge(settings, installed.probe().conditions)


def empty_result(settings: Settings, collected: int) -> RunResult:
    """Return the record of a run that has judged nothing yet."""
    probe = installed.probe()
    return RunResult(
        versions=dict(probe.versions),
        flags=dict(probe.flags),
        run_seed=settings.run_seed,
        profile=settings.profile.name,
        false_fail_rate=settings.budget.false_fail_rate,
        false_pass_rate=settings.budget.false_pass_rate,
        share=settings.budget.share,
        num_properties=settings.budget.num_properties,
        collected=collected,
    )


def run(
    subjects: Sequence[Subject],
    properties: Sequence[Property],
    settings: Settings,
    *,
    processes: int = 1,
    on_start: Callable[[Subject, Property], None] = lambda _subject, _property: None,
    on_result: Callable[[PropertyResult], None] = lambda _result: None,
) -> RunResult:
    """Judge every pair.

    Args:
        subjects: who is asked.
        properties: of the catalogue.
        settings: run seed, profile, budget, known deviations.
        processes: subjects judged at once, each in a process that finds it by its name; the
            verdicts do not depend on it.
        on_start: called before a pair is judged, in this process alone.
        on_result: called with each result as it comes; an interrupted run keeps what it got.

    Raises:
        TooManySubjects: the error budget has room for fewer.
    """
    capacity = settings.budget.capacity
    if len(subjects) > capacity:
        raise TooManySubjects(
            f"{len(subjects)} subjects: the error budget has room for {capacity}. "
            "Split them over several runs, each with a budget of its own."
        )
    started = monotonic()
    if processes == 1 or len(subjects) == 1:
        results = []
        judge = new_judge(settings)
        for subject in subjects:
            for property_id in ordered_properties(properties):
                on_start(subject, property_id)
                results.append(judge(subject, property_id))
                on_result(results[-1])
    else:
        results = _in_processes(subjects, properties, settings, processes, on_result)
    blank = empty_result(settings, len(subjects) * len(properties))
    fields = asdict(blank) | {"results": tuple(results), "seconds": monotonic() - started}
    return RunResult(**fields)


@dataclass(frozen=True)
class _Ask:
    """One subject by name, and what it is asked."""

    subject: str
    properties: tuple[str, ...]
    settings: Settings = field(hash=False)


def _in_processes(
    subjects: Sequence[Subject],
    properties: Sequence[Property],
    settings: Settings,
    processes: int,
    on_result: Callable[[PropertyResult], None],
) -> list[PropertyResult]:
    names = tuple(prop.id for prop in ordered_properties(properties))
    asked = [_Ask(subject.name, names, settings) for subject in subjects]
    found: dict[str, list[PropertyResult]] = {}

    def done(ask: _Ask, results: list[PropertyResult]) -> None:
        found[ask.subject] = results
        for result in results:
            on_result(result)

    in_parallel(_judge_subject, asked, processes=processes, done=done)
    return [result for ask in asked for result in found[ask.subject]]


def _judge_subject(ask: _Ask) -> list[PropertyResult]:
    """Judge one subject, in a process of its own."""
    judge, subject = new_judge(ask.settings), registry.load(ask.subject)
    return [judge(subject, find(property_id)) for property_id in ask.properties]
