"""Right layers of every combination of traits are never red."""

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from dropout_props.engine import Judge, Settings
from dropout_props.environment.installed import probe
from dropout_props.properties import CATALOGUE, find
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.subject import Subject
from tests.subjects.grid import GRID

_TODAY = int(f"{datetime.now(tz=timezone.utc):%Y%m%d}")
_GREEN = (Verdict.PASS, Verdict.NOT_APPLICABLE)
_BY_DAY = (
    "linen: plain, eval, shared rest, rank 1, 3 dtypes, params",
    "nnx: minus one, input, shared axis 1, rank 2, 1 dtypes",
    "function: noise, input, shared none, rank 0, 3 dtypes",
)
_QUICK = ("DP101", "DP106", "DP201", "DP302", "DP401", "DP402")


def _red(subject: Subject, properties: list[str], *, run_seed: int = 0) -> dict[str, str]:
    settings = Settings.of(run_seed=run_seed, profile="smoke")
    judge = Judge(replace(settings, known=(), confirm=False), probe().conditions)
    results = [judge(subject, find(property_id)) for property_id in properties]
    return {one.property_id: one.shown for one in results if one.verdict not in _GREEN}


@pytest.mark.parametrize("name", _BY_DAY)
def test_a_right_layer_is_not_red(name: str) -> None:
    """One layer of each API: its evaluation, its values, its sharing and its keys."""
    assert _red(GRID[name], list(_QUICK)) == {}


@pytest.mark.nightly
@pytest.mark.parametrize("run_seed", [_TODAY])
@pytest.mark.parametrize("name", list(GRID))
def test_no_right_layer_is_red_at_any_level_of_its_own(name: str, run_seed: int) -> None:
    """All of `full`, and so of `core`, with an empty list of deviations, under a seed a night."""
    full = [prop.id for prop in CATALOGUE if prop.is_in("full")]
    assert _red(GRID[name], full, run_seed=run_seed) == {}


def test_every_value_of_a_trait_meets_every_other() -> None:
    """A trait that takes turns is not bound to one value of another."""
    words = [{*name.replace(":", ",").split(", ")} for name in GRID]
    for some, others in (("rank 0", "3 dtypes"), ("rank 0", "1 dtypes"), ("params", "3 dtypes")):
        assert any({some, others} <= one for one in words)
    for api in ("linen", "nnx"):
        for other in ("plain", "noise", "hidden", "eval", "shared rest", "1 dtypes", "3 dtypes"):
            assert {"params" in one for one in words if {api, other} <= one} == {True, False}
