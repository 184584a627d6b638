"""Right models as people write them are never red at their default level, on any input."""

from dataclasses import replace

import pytest

from dropout_props import Subject
from dropout_props.engine import Judge, Settings
from dropout_props.engine.selection import Selection
from dropout_props.environment.installed import probe
from dropout_props.results.verdict import Verdict
from tests.conformance.first_contact.models import RIGHT, SMALL

_SEEDS = 20
_BY_NIGHT = [
    pytest.param(RIGHT[name], seed, marks=pytest.mark.nightly, id=f"{name}-{seed}")
    for name in RIGHT
    for seed in range(_SEEDS)
]
_BY_DAY = [pytest.param(SMALL[name], 0, id=name) for name in SMALL]


@pytest.mark.parametrize(("subject", "run_seed"), [*_BY_DAY, *_BY_NIGHT])
def test_a_right_model_is_never_red(subject: Subject, run_seed: int) -> None:
    """Each property passes or does not apply, with an empty list of deviations; some apply."""
    settings = replace(Settings.of(run_seed=run_seed, profile="smoke"), known=(), confirm=False)
    judge = Judge(settings, probe().conditions)
    results = [judge(subject, prop) for prop in Selection().properties_of(subject)]
    green = (Verdict.PASS, Verdict.NOT_APPLICABLE)
    assert {one.property_id: one.shown for one in results if one.verdict not in green} == {}
    assert {"DP101", "DP401"} <= {one.property_id for one in results if one.verdict is green[0]}
