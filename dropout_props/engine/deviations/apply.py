"""Apply the list of known deviations to a result, in both directions: KNOWN, and stale entries."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from dropout_props.engine.deviations import FRAMEWORKS_PATH, SHIPPED_PATH
from dropout_props.results.records import Failure
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.who import all_in, drawing_modules, place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dropout_props.engine.deviations import Deviation
    from dropout_props.results.records import PropertyResult
    from dropout_props.subjects.subject import Subject

__all__ = ["apply_known"]


def apply_known(
    result: PropertyResult,
    subject: Subject,
    known: tuple[Deviation, ...],
    environment: Mapping[str, str],
) -> PropertyResult:
    """Return the result with KNOWN instead of a listed failure, and FAIL for a stale entry.

    Args:
        result: of one subject and property.
        subject: the subject; some entries cover a layer only if Flax's own code draws its masks.
        known: the list.
        environment: versions and flags by name.
    """
    pair = result.subject, subject.traits.api, result.property_id
    layer = place_of(subject)
    entries = [entry for entry in known if entry.concerns(*pair, environment, layer=layer)]
    if not entries:
        return result
    expired = _expired(entries)
    if expired is not None and expired.names(result.subject):
        return _stale(result, expired, f"the entry expired on {expired.expires}")
    if result.verdict is Verdict.FAIL and result.failure is not None:
        return _covered(result, result.failure, subject, entries)
    lost = [entry for entry in entries if entry.names(result.subject)]
    if result.verdict is Verdict.PASS and lost:
        return _stale(result, lost[0], "the property holds: the deviation no longer occurs")
    return result


def _expired(entries: list[Deviation]) -> Deviation | None:
    """Return the first expired entry, one about this subject alone before a general one."""
    today = datetime.now(tz=timezone.utc).date()
    found = [entry for entry in entries if entry.expires <= today]
    return min(found, key=lambda entry: entry.is_general, default=None)


def _covered(
    result: PropertyResult, failure: Failure, subject: Subject, entries: list[Deviation]
) -> PropertyResult:
    """Return KNOWN where an entry covers the failure, FAIL where that entry has expired."""
    for entry in entries:
        if entry.matches not in failure.seen or not _draws(subject, entry, failure):
            continue
        if _expired([entry]):
            return _stale(result, entry, f"the entry expired on {entry.expires}")
        known = f"{entry.reason} ({entry.link})"
        return replace(
            result,
            verdict=Verdict.KNOWN,
            unlisted=result.verdict,
            shown=entry.reason,
            failure=replace(failure, known=known, reproducer=entry.reproducer),
        )
    return result


def _draws(subject: Subject, entry: Deviation, failure: Failure) -> bool:
    """Return whether the code that the entry is about draws the masks of this layer."""
    if not entry.drawn_by:
        return True
    case = failure.replay.case if failure.replay else None
    shape = case.shape if case is not None else (128,)
    return all_in(drawing_modules(subject, shape), entry.drawn_by)


def _file_of(entry: Deviation) -> str:
    for path in (SHIPPED_PATH, FRAMEWORKS_PATH):
        if entry.place in ("", str(path)):
            return f"dropout_props/engine/deviations/{path.name}"
    return entry.place


def _stale(result: PropertyResult, entry: Deviation, seen: str) -> PropertyResult:
    failure = Failure(
        statement=f"{entry.property_id} is violated by {entry.subject}: {entry.reason}",
        seen=seen,
        decided_by="the list of known deviations, which is strict",
        means="The list is wrong, or nobody has reviewed it for a long time.",
        reproduce=f"delete or renew the entry in {_file_of(entry)}",
    )
    return replace(
        result, verdict=Verdict.FAIL, unlisted=result.verdict, shown=seen, failure=failure
    )
