"""A baseline: the failures of today as a list of deviations, so that later runs show new ones.

It has the format of the list that ships, and its strictness: a failure that no longer occurs, or
whose entry has expired, fails. Only a FAIL can be listed, never an ERROR or an INCONCLUSIVE.
"""

from __future__ import annotations

import json
import re
from datetime import date
from typing import TYPE_CHECKING

from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from dropout_props.results.records import PropertyResult, RunResult

__all__ = ["listed", "text_of_baseline"]

_LONGEST = 60

_HEAD = """\
# Failures that were there on {day}. `dropout-props check --baseline FILE` reports them apart from
# new ones. An entry that no longer occurs, or that has expired, is a failure: delete or renew it.
# Write the reason of each, and a link to where it is followed up.
"""


def listed(result: RunResult) -> list[PropertyResult]:
    """Return the failures of a run that a baseline can hold."""
    return [
        one
        for one in result.results
        if one.verdict is Verdict.FAIL and one.failure is not None and one.failure.replay
    ]


def text_of_baseline(result: RunResult, *, reason: str, today: date, expires: date) -> str:
    """Return the failures of a run as the text of a list of deviations.

    Args:
        result: the run.
        reason: reason of each entry, to be edited.
        today: the day of the run.
        expires: day from which the entries themselves are failures.
    """
    parts = [_HEAD.format(day=today)]
    for one in listed(result):
        assert one.failure is not None
        values = {
            "property": one.property_id,
            "subject": re.sub(r"([*?[])", r"[\1]", one.subject),  # a name, not a pattern
            "matches": _stable(one.failure.seen),
            "reason": reason,
            "link": "",
        }
        lines = [f"{key} = {json.dumps(text, ensure_ascii=False)}" for key, text in values.items()]
        parts.append("\n".join(["[[deviation]]", *lines, f"expires = {expires}", ""]))
    return "\n".join(parts)


def _stable(seen: str) -> str:
    """Return the longest part of an observation that has no number and no case in it."""
    return max(re.split(r"[\d(]+", seen), key=len)[:_LONGEST].strip()
