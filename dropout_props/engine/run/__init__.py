"""A whole run: every selected subject against every selected property, exact properties first.

`schedule` chooses the pair that a worker judges next, and `pair_worker` judges it.
Guarantees: the verdicts and their order do not depend on the number of workers.
"""

from __future__ import annotations

import io
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias

from dropout_props.engine.budget import no_room
from dropout_props.engine.judge import ENDED_TWICE
from dropout_props.engine.probe import probe
from dropout_props.engine.run.pair_worker import NotPicklable, new_judge
from dropout_props.engine.run.roots import with_roots
from dropout_props.engine.run.schedule import in_workers
from dropout_props.engine.snapshot import installed as distributions
from dropout_props.engine.snapshot import take_one
from dropout_props.environment import installed
from dropout_props.results.records import RunResult, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dropout_props.engine import Settings
    from dropout_props.properties import Property
    from dropout_props.results.records import PropertyResult
    from dropout_props.subjects.subject import Subject

__all__ = [
    "NotPicklable",
    "Pairs",
    "SameName",
    "TooManySubjects",
    "empty_result",
    "in_order",
    "new_judge",
    "number_of",
    "ordered_properties",
    "run",
    "with_roots",
]


Pairs: TypeAlias = "Sequence[Property] | Callable[[Subject], Sequence[Property]]"
"""The properties of every subject, or a function of a subject that returns its properties."""


class TooManySubjects(ValueError):
    """There are more subjects than shares of the error budget."""


class SameName(ValueError):
    """Two subjects have one name, so a report could not distinguish them."""


def ordered_properties(properties: Sequence[Property]) -> list[Property]:
    """Return the properties in the order in which they run: exact ones first, then by id."""
    return sorted(properties, key=lambda prop: (prop.is_statistical, prop.id))


def _of_each(subjects: Sequence[Subject], properties: Pairs) -> list[list[Property]]:
    """Return the properties of each subject, in the order in which they run."""
    return [
        ordered_properties(properties(subject) if callable(properties) else properties)
        for subject in subjects
    ]


def number_of(subjects: Sequence[Subject], properties: Pairs) -> int:
    """Return the number of pairs."""
    return sum(map(len, _of_each(subjects, properties)))


def in_order(
    results: Iterable[PropertyResult], subjects: Sequence[Subject], properties: Pairs
) -> tuple[PropertyResult, ...]:
    """Return results in the order of a report, each failure with the one that explains it.

    They are ordered by subject, then as `ordered_properties`.
    """
    by_pair = {(one.subject, one.property_id): one for one in results}
    each = zip(subjects, _of_each(subjects, properties), strict=True)
    pairs = [(subject.name, prop.id) for subject, chosen in each for prop in chosen]
    return with_roots(by_pair[pair] for pair in pairs if pair in by_pair)


def empty_result(settings: Settings, collected: int, subjects: Sequence[Subject] = ()) -> RunResult:
    """Return the record of a run without results.

    Args:
        settings: the settings of the run.
        collected: its number of pairs.
        subjects: its subjects; the versions include that of another framework that wrote one.
    """
    probe = installed.probe()
    wrote = {subject.name.partition(".")[0] for subject in subjects}
    others = {
        package: version
        for package, version in installed.frameworks().items()
        if package.removeprefix("dm-") in wrote
    }
    return RunResult(
        versions=probe.versions | others,
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
    properties: Pairs,
    settings: Settings,
    *,
    processes: int = 1,
    timeout: float | None = None,
    cluster: str | None = None,
    max_seconds: float | None = None,
    snapshot: bool = False,
    on_start: Callable[[Subject, Property], None] = lambda _subject, _property: None,
    on_result: Callable[[PropertyResult], None] = lambda _result: None,
    on_print: Callable[[Subject, str], None] = lambda _subject, _text: None,
) -> RunResult:
    """Judge every pair.

    Args:
        subjects: the layers to judge.
        properties: properties of the catalogue, or a function that returns those of a subject.
        settings: run seed, profile, budget, known deviations.
        processes: number of pairs judged at once, each in a worker process. With 1 and no timeout,
            this process judges them. The verdicts do not depend on it.
        timeout: seconds that one pair may take; worker processes then judge the pairs.
        cluster: address of a Dask scheduler, whose workers judge the pairs; None for this machine.
        max_seconds: seconds after which no pair begins; the result then says how many were left.
        snapshot: whether to take the snapshot too, after the verdicts.
        on_start: called in this process before a pair is judged.
        on_result: called in this process with each result as it comes.
        on_print: called in this process with what a subject printed on standard output, in a worker
            process or, after the verdicts, in this one.

    Raises:
        TooManySubjects: the error budget has room for fewer.
        SameName: two subjects have one name.
        NotPicklable: a subject cannot be sent to a worker process.
        CannotStart: worker processes end before they can take a pair.
    """
    _check(subjects, settings)
    started = monotonic()
    each = _of_each(subjects, properties)
    blank = empty_result(settings, sum(map(len, each)), subjects)
    ends_at = None if max_seconds is None else started + max_seconds
    if processes == 1 and timeout is None and cluster is None:
        results = []
        judge = new_judge(settings)
        for subject, chosen in zip(subjects, each, strict=True):
            for prop in chosen:
                if ends_at is not None and monotonic() >= ends_at:
                    break
                on_start(subject, prop)
                results.append(judge(subject, prop))
                on_result(results[-1])
        complete = len(results) == blank.collected
        taken = _snapshot(subjects, on_print) if snapshot and complete else None
    else:
        results, taken = in_workers(
            subjects,
            each,
            settings,
            processes=processes,
            timeout=timeout,
            cluster=cluster,
            ends_at=ends_at,
            snapshot=snapshot,
            on_start=on_start,
            on_result=on_result,
            on_print=on_print,
        )
    left = blank.collected - len(results)
    stopped = f"stopped after {max_seconds:g} s, with {left} pairs not judged" if left else ""
    return replace(
        blank,
        stopped=stopped,
        results=in_order(results, subjects, properties),
        seconds=monotonic() - started,
        notes=_notes(subjects, results, on_print),
        snapshot=taken,
    )


def _snapshot(subjects: Sequence[Subject], on_print: Callable[[Subject, str], None]) -> Snapshot:
    found = []
    for subject in subjects:
        with _printed(subject, on_print):
            found.append(take_one(subject))
    return Snapshot(distributions(), tuple(found))


def _notes(
    subjects: Sequence[Subject],
    results: Sequence[PropertyResult],
    on_print: Callable[[Subject, str], None],
) -> tuple[str, ...]:
    """Return what trying has found about each subject, and call no layer that is not safe here.

    A layer that ended or hung a worker would end or hang this process too.
    """
    judged = {one.subject for one in results}
    unsafe = {
        one.subject for one in results if one.failure and one.failure.decided_by == ENDED_TWICE
    }
    notes: list[str] = []
    for one in subjects:
        if one.name in judged - unsafe:
            with _printed(one, on_print):
                notes += [f"{one.name}: {note}" for note in probe(one).notes]
    return tuple(notes)


@contextmanager
def _printed(subject: Subject, on_print: Callable[[Subject, str], None]) -> Iterator[None]:
    """Pass on what a subject prints in the block, under its own name."""
    with redirect_stdout(io.StringIO()) as printed:
        yield
    if text := printed.getvalue():
        on_print(subject, text)


def _check(subjects: Sequence[Subject], settings: Settings) -> None:
    if error := no_room(len(subjects), settings.budget.capacity):
        raise TooManySubjects(error)
    names = [subject.name for subject in subjects]
    for name in names:
        if names.count(name) > 1:
            raise SameName(
                f"two subjects are called {name!r}: give each its own name, as in "
                "Subject.linen(MyDropout, name='mine')."
            )
