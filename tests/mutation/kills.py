"""What the kills of both APIs share: the mutants of one API, and the properties that miss one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from dropout_props.engine import Judge, Settings
from dropout_props.environment.installed import probe
from dropout_props.properties import find
from dropout_props.results.verdict import Verdict
from dropout_props.selftest.mutants import MUTANTS, Api, Mutant

_VERSIONS = probe().versions


def kills(api: Api) -> list[Any]:
    """Return (mutant, ids of properties that must kill it, profile) of one API, as parameters.

    By day each property kills the first mutant that names it, built for the APIs by turns, in
    profile smoke; at night, in profile ci, each kills all that name it, built for each of their
    APIs. A kill run does the same, under any number of run seeds
    (`dropout-props selftest --mutants`).
    """
    by_day: dict[str, list[str]] = {}
    seen: set[str] = set()
    for one in MUTANTS:
        for property_id in one.killed_by:
            if property_id not in seen:
                seen.add(property_id)
                by_day.setdefault(one.name, []).append(property_id)
    rows = []
    for at, one in enumerate(one for one in MUTANTS if one.name in by_day):
        if one.apis[at % len(one.apis)] == api:
            rows.append(pytest.param(one, by_day[one.name], "smoke", id=one.name))
    for one in MUTANTS:
        if api in one.apis:
            all_of_it = f"{one.name}, all of its properties"
            night = pytest.mark.nightly
            rows.append(pytest.param(one, one.killed_by, "ci", id=all_of_it, marks=night))
    return rows


def survived(mutant: Mutant, api: Api, property_ids: Sequence[str], profile: str) -> dict[str, str]:
    """Return those of the properties that do not kill a mutant, and what they say.

    The verdict must be FAIL: not BLOCKED by another property, not an ERROR, not INCONCLUSIVE. It
    may be KNOWN for a bug that the installed Flax has as a known deviation.
    """
    settings = replace(Settings.of(profile=profile), confirm=False)
    judge, subject = Judge(settings, _VERSIONS), mutant.subject(api)
    allowed = (Verdict.FAIL, Verdict.KNOWN) if mutant.live else (Verdict.FAIL,)
    results = [judge(subject, find(property_id)) for property_id in property_ids]
    return {one.property_id: one.shown for one in results if one.verdict not in allowed}
