"""Judges one pair for the pytest plugin, and sums up a session; imported when a test runs."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from dropout_props.engine import Judge, Settings
from dropout_props.engine.run import empty_result, new_judge, with_roots
from dropout_props.layers import registry
from dropout_props.properties import find
from dropout_props.pytest_plugin import same_subject
from dropout_props.report.screen import blocked_elsewhere, brief, excluded
from dropout_props.report.terminal import STYLES, brief_header, header, plain_paragraph, tally_line
from dropout_props.results import files
from dropout_props.results.verdict import Verdict
from dropout_props.results.writing import CannotWrite

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dropout_props.results.records import PropertyResult
    from dropout_props.subjects.subject import Subject

__all__ = ["Summary", "judge", "loaded", "settings_of", "summarize"]

_OUTCOMES = {
    Verdict.PASS: "pass",
    Verdict.FAIL: "fail",
    Verdict.ERROR: "fail",
    Verdict.INCONCLUSIVE: "fail",
    Verdict.BLOCKED: "skip",
    Verdict.NOT_APPLICABLE: "skip",
    Verdict.KNOWN: "xfail",
}


def settings_of(
    *, run_seed: int, profile: str, false_fail_rate: float, known: str | None = None
) -> Settings:
    """Return the settings of a session, from plain values."""
    found = Settings.of(run_seed=run_seed, profile=profile, false_fail_rate=false_fail_rate)
    return found.listing(known)


_RED = (Verdict.FAIL, Verdict.ERROR)
_QUIET = {
    Verdict.NOT_APPLICABLE: "does not apply to the subject; -v says why",
    Verdict.BLOCKED: "not judged, since a property that it depends on failed; -v says which",
}


@lru_cache(maxsize=8)
def _judge_of(**options: Any) -> Judge:
    return new_judge(settings_of(**options))


@cache
def loaded(name_or_path: str) -> Subject:
    """Load a subject and name it as its test does: two paths may load subjects of one name."""
    return replace(registry.load(name_or_path), name=name_or_path)


def judge(
    subject: Subject | str,
    property_id: str,
    options: dict[str, Any],
    *,
    test: str,
    width: int,
    verbose: bool,
) -> tuple[tuple[str, str], str, tuple[str, ...]]:
    """Judge one pair.

    Args:
        subject: a subject, or the name or path of one.
        property_id: id of the property.
        options: arguments of `settings_of`.
        test: the node id of the test, which judges a subject again that has no path.
        width: columns of the terminal.
        verbose: whether messages are whole; else a failure takes as many lines as on the first
            screen of a check, and all skipped tests of one kind have one message.

    Returns:
        Outcome of the test (pass, fail, skip or xfail) with its message, the result as JSON, and
        the notes about the subject.
    """
    judged = loaded(subject) if isinstance(subject, str) else subject
    judge = _judge_of(**options)
    result = judge(judged, find(property_id))
    if result.failure is not None and not isinstance(subject, str) and not _has_path(subject):
        seed, profile = options["run_seed"], options["profile"]
        command = f"pytest {shlex.quote(test)} --dp-profile {profile} --dp-seed {seed}"
        result = replace(result, failure=replace(result.failure, reproduce=command))
    message = _whole(result) if verbose else _short(result, width)
    notes = tuple(f"{judged.name}: {note}" for note in judge.notes(judged))
    return (_OUTCOMES[result.verdict], message), files.property_result_to_json(result), notes


def _has_path(subject: Subject) -> bool:
    """Return whether the name or path of a subject loads the same, wherever it was made."""
    try:
        return same_subject(registry.load(subject.source or subject.name), subject)
    except (LookupError, TypeError):  # UnknownSubject, WiringError
        return False


def _whole(result: PropertyResult) -> str:
    return plain_paragraph(result) if result.failure else f"{result.verdict}: {result.shown}"


def _short(result: PropertyResult, width: int) -> str:
    if result.verdict in _QUIET:
        return _QUIET[result.verdict]  # pytest prints equal messages of skipped tests once
    if result.verdict is Verdict.KNOWN:
        return f"known deviation: {result.shown}"
    if result.failure is None:
        return f"{result.verdict}: {result.shown}"
    return "\n".join(line.plain for line in brief(result, width=width))


@dataclass(frozen=True)
class Summary:
    """The end of the report of a session.

    Args:
        lines: lines to print.
        trouble: why the result file was not written; empty if it was, or was not requested.
        unseen: a sentence for each failure that blocks a pair and that no test of the session
            judges.
    """

    lines: tuple[str, ...]
    trouble: str = ""
    unseen: tuple[str, ...] = ()


def summarize(
    texts: list[str],
    collected: int,
    options: dict[str, Any],
    path: Path | None,
    last: Path,
    *,
    notes: Iterable[str] = (),
    verbosity: int = 0,
) -> Summary:
    """Sum up a session, and write its result file if one was requested.

    Args:
        texts: results of the tests as JSON.
        collected: number of pairs that were selected.
        options: as in `judge`.
        path: result file; None for none.
        notes: sentences about the subjects, which fail nothing.
        last: file for `dropout-props replay`; an error in writing it is ignored.
        verbosity: of pytest; below 0, as with -q, the summary is one line.
    """
    settings = settings_of(**options)
    order = list(STYLES)
    results = sorted(
        map(files.property_result_from_json, texts),
        key=lambda r: (r.subject, r.property_id, order.index(r.verdict)),
    )
    run = replace(
        empty_result(settings, collected),
        results=with_roots(results),
        notes=tuple(dict.fromkeys(notes)),
        seconds=sum(result.seconds for result in results),
    )
    trouble = ""
    try:
        if path is not None:
            files.write(run, path)
    except CannotWrite as error:
        trouble = str(error)
    files.keep_last(run, last)
    failing = [r for r in results if r.verdict is not Verdict.BLOCKED or r.root_cause in _RED]
    unseen = tuple(blocked_elsewhere(replace(run, results=with_roots(failing))))
    if verbosity < 0:
        return Summary((tally_line(run),), trouble, unseen)
    head = header(run, settings.promise) if verbosity else brief_header(run)
    lines = (*head, *excluded(run.results), *run.notes, tally_line(run))
    return Summary(lines, trouble, unseen)
