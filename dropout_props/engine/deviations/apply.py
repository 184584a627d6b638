"""Applies the list of known deviations to a result: a listed failure, and a stale entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from dropout_props.results.records import Failure
from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dropout_props.engine.deviations import Deviation
    from dropout_props.results.records import PropertyResult

__all__ = ["apply_known"]


def apply_known(
    result: PropertyResult, api: str, known: tuple[Deviation, ...], environment: Mapping[str, str]
) -> PropertyResult:
    """Return the result as KNOWN if its failure is listed, and as FAIL if an entry is stale."""
    pair = (result.subject, api, result.property_id)
    entries = [one for one in known if one.applies_to(*pair, environment)]
    if not entries:
        return result
    today = datetime.now(tz=timezone.utc).date()
    for entry in entries:
        if entry.expires <= today:
            return _stale(result, entry, f"the entry expired on {entry.expires}")
    if result.verdict is Verdict.FAIL and result.failure is not None:
        for entry in entries:
            if entry.matches in result.failure.seen:
                failure = replace(
                    result.failure,
                    known=f"{entry.reason} ({entry.link})",
                    reproducer=entry.reproducer,
                )
                return replace(
                    result,
                    verdict=Verdict.KNOWN,
                    unlisted=result.verdict,
                    shown=entry.reason,
                    failure=failure,
                )
        return result
    if result.verdict is Verdict.PASS:
        for entry in entries:
            if not entry.is_general:
                return _stale(result, entry, "the property holds: the deviation no longer occurs")
    return result


def _stale(result: PropertyResult, entry: Deviation, seen: str) -> PropertyResult:
    failure = Failure(
        statement=f"{entry.property_id} is violated by {entry.subject}: {entry.reason}",
        seen=seen,
        decided_by="the list of known deviations, which is strict",
        means="The list of known deviations is wrong, or has not been reviewed for long.",
        reproduce=(
            "remove the entry, or renew it, in dropout_props/engine/deviations/deviations.toml"
        ),
    )
    return replace(
        result, verdict=Verdict.FAIL, unlisted=result.verdict, shown=seen, failure=failure
    )
