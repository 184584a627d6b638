"""A run as SARIF 2.1.0, and as annotations of GitHub Actions.

Code scanning reads SARIF; a workflow command on standard output marks a line of a pull request.
Both hold what failed, by root cause: a failure that another one explains is left to the report.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dropout_props.results.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dropout_props.results.records import PropertyResult, RunResult

__all__ = ["sarif", "workflow_commands"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {
    Verdict.FAIL: "error",
    Verdict.ERROR: "error",
    Verdict.INCONCLUSIVE: "warning",
    Verdict.KNOWN: "note",
}
_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def sarif(result: RunResult, *, places: Mapping[str, tuple[str, int]], version: str) -> str:
    """Return a run as SARIF.

    Args:
        result: the run.
        places: file and line of a subject by its name, relative to the working directory.
        version: version of this package.
    """
    shown = _shown(result)
    rules = {one.property_id: one for one in shown}
    document = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "dropout-props",
                        "semanticVersion": version,
                        "rules": [_rule(one) for _, one in sorted(rules.items())],
                    }
                },
                "invocations": [{"executionSuccessful": not result.stopped and result.complete}],
                "results": [_result(one, places.get(one.subject)) for one in shown],
            }
        ],
    }
    return json.dumps(document, indent=1) + "\n"


def workflow_commands(result: RunResult, *, places: Mapping[str, tuple[str, int]]) -> list[str]:
    """Return a workflow command of GitHub Actions for each failure.

    Args:
        result: the run.
        places: as in `sarif`.
    """
    lines = []
    for one in _shown(result):
        if one.verdict is Verdict.KNOWN:
            continue
        place = places.get(one.subject)
        options = {"title": f"{one.property_id} {one.name}: {one.subject}"}
        if place is not None:
            options = {"file": place[0], "line": str(place[1]), **options}
        shown = ",".join(f"{key}={_escaped(text, option=True)}" for key, text in options.items())
        lines.append(f"::{_COMMANDS[_LEVELS[one.verdict]]} {shown}::{_escaped(_message(one))}")
    return lines


def _shown(result: RunResult) -> list[PropertyResult]:
    return [one for one in result.results if one.verdict in _LEVELS and not one.root_id]


def _message(one: PropertyResult) -> str:
    if one.failure is None:
        return one.shown
    diagnosis = f"{one.failure.diagnosis}. " if one.failure.diagnosis else ""
    return f"{diagnosis}{one.failure.seen}. {one.failure.means} Reproduce: {one.failure.reproduce}"


def _rule(one: PropertyResult) -> dict[str, Any]:
    found: dict[str, Any] = {"id": one.property_id, "shortDescription": {"text": one.name}}
    if one.failure is not None and one.failure.statement:
        found["fullDescription"] = {"text": one.failure.statement}
    return found


def _result(one: PropertyResult, place: tuple[str, int] | None) -> dict[str, Any]:
    location: dict[str, Any] = {"logicalLocations": [{"fullyQualifiedName": one.subject}]}
    if place is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": place[0]},
            "region": {"startLine": place[1]},
        }
    found: dict[str, Any] = {
        "ruleId": one.property_id,
        "level": _LEVELS[one.verdict],
        "message": {"text": _message(one)},
        "locations": [location],
        "partialFingerprints": {"subjectAndProperty/v1": f"{one.subject}|{one.property_id}"},
    }
    if one.verdict is Verdict.KNOWN:
        reason = one.failure.known if one.failure else one.shown
        found["suppressions"] = [{"kind": "external", "justification": reason}]
    return found


def _escaped(text: str, *, option: bool = False) -> str:
    """Escape a text for a workflow command."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if option else text
