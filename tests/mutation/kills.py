"""What the kills of both APIs share: the mutants of one API, and the properties that miss one."""

from dataclasses import replace
from typing import Any

import pytest

from dropout_props.engine import Judge, Settings
from dropout_props.environment.installed import probe
from dropout_props.properties import find
from dropout_props.results.verdict import Verdict
from dropout_props.selftest.mutants import MUTANTS, Api, Mutant

_VERSIONS = probe().versions
_SETTINGS = replace(Settings.of(profile="ci"), confirm=False)


def mutants(api: Api) -> list[Any]:
    """Return the mutants of one API, as parameters.

    A mutant of both APIs is built for one of them by day, by turns, and for the other at night: the
    law that it breaks is the same, and half of the tests' time would go into it.
    """
    return [
        pytest.param(one, id=one.name, marks=pytest.mark.nightly if _other(one, api, at) else [])
        for at, one in enumerate(MUTANTS)
        if api in one.apis
    ]


def _other(mutant: Mutant, api: Api, at: int) -> bool:
    """Return whether it is the turn of the other API."""
    return len(mutant.apis) > 1 and mutant.apis[at % 2] != api


def survived(mutant: Mutant, api: Api) -> dict[str, str]:
    """Return the properties that must kill a mutant and do not, and what they say.

    The verdict must be FAIL: not BLOCKED by another property, not an ERROR, not INCONCLUSIVE. It
    may be KNOWN for a bug that the installed Flax has as a known deviation.
    """
    judge, subject = Judge(_SETTINGS, _VERSIONS), mutant.subject(api)
    allowed = (Verdict.FAIL, Verdict.KNOWN) if mutant.live else (Verdict.FAIL,)
    results = [judge(subject, find(property_id)) for property_id in mutant.killed_by]
    return {one.property_id: one.shown for one in results if one.verdict not in allowed}
