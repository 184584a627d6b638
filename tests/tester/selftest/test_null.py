"""Do the measurements of both error rates hold, and do they fail where the suite is broken?"""

from typing import Any

import pytest

from dropout_props.cli import main
from dropout_props.engine import plan
from dropout_props.selftest import depth, enumeration, null_runs, power
from dropout_props.selftest.own_mutants import OWN_MUTANTS, OwnMutant


def test_every_outcome_of_a_short_run_keeps_its_bound() -> None:
    """False alarms below alpha, evidence of mean 1, at every keep rate."""
    found = list(enumeration.measure())
    assert len(found) == 4
    assert all(one.held for one in found), found
    means = [one.figure for one in found if "mean" in one.what]
    assert means == pytest.approx([1.0, 1.0], abs=1e-9)


def test_the_billion_is_reached_and_kept() -> None:
    """A property alarms at most in its share, which importance sampling resolves."""
    property_id, whole = depth.measure(ledgers=3000)
    assert property_id.held
    assert whole.held
    assert 0 < whole.figure < 1e-9
    assert whole.upper < 2 * whole.figure  # it is an estimate, and no empty bound


def test_a_few_runs_of_the_engine_raise_no_more_alarms_than_they_may() -> None:
    """Of every statistical property, and of a scan of shapes and rates."""
    runs = list(null_runs.measure(runs=3))
    assert runs[0].figure <= 0.2
    assert runs[2].figure < 1
    [scan] = null_runs.adversary(runs=5)
    assert scan.figure == 0


_PARTS: dict[str, Any] = {
    "a": enumeration.measure,
    "b": lambda: depth.measure(ledgers=2000),
    "c": lambda: null_runs.measure(runs=4),
    "d": lambda: null_runs.adversary(runs=5),
}


@pytest.mark.parametrize(
    ("mutant", "part"),
    [
        pytest.param(mutant, part, id=f"{mutant.name}, by {part}")
        for mutant in OWN_MUTANTS
        for part in mutant.caught_by
        if part != "d"  # takes hundreds of scans: `dropout-props selftest --null` runs them
    ],
)
def test_a_fault_of_the_suite_is_measured(mutant: OwnMutant, part: str) -> None:
    """With it in place a measurement fails that holds without it."""
    before = [one.held for one in _PARTS[part]()]
    with mutant.planted():
        after = [one.held for one in _PARTS[part]()]
    assert any(was and not now for was, now in zip(before, after, strict=True))


def test_each_measurement_has_a_fault_that_it_catches() -> None:
    """None of the four is there for show."""
    assert {letter for mutant in OWN_MUTANTS for letter in mutant.caught_by} == set("abcd")


def test_promised_discrepancies_are_seldom_missed_and_quarters_pass() -> None:
    """Every family of every statistical property; the bound needs more simulations than this."""
    found = list(power.measure(simulations=1000))
    assert {one.property_id for one in found} >= {"DP202", "DP301", "DP404"}
    assert max(one.missed.figure for one in found) <= 0.005
    assert min(one.near_passed for one in found) > 0.9


def test_the_plan_round_trips() -> None:
    """A fixed sample of the planned size sees what the property promises, and hardly less."""
    for one in plan.forecasts(profile="ci"):
        assert one.resolvable <= one.shifts[0] * (1 + 1e-9)
        assert one.resolvable > 0.9 * one.shifts[0]
        assert 0 < one.num_trials < one.fixed_num_trials
        assert one.round_trip <= one.fixed_num_trials


def test_the_plan_of_a_finer_profile_sees_more_and_costs_more(
    capsys: Any, monkeypatch: Any
) -> None:
    """The table names every statistical property, and what the profile promises."""
    smoke, ci = (
        {(one.property_id, one.family): one for one in plan.forecasts(profile=name)}
        for name in ("smoke", "ci")
    )
    assert all(ci[at].promised < smoke[at].promised for at in ci)
    assert all(ci[at].num_trials > smoke[at].num_trials for at in ci)
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stopped:
        main(["plan", "--profile", "smoke"])
    assert not stopped.value.code
    said = capsys.readouterr().out
    assert all(property_id in said for property_id, _ in ci)
    assert max(map(len, said.splitlines())) <= 80
    assert "…" not in said
    words = set(said.split())
    for at, one in smoke.items():
        numbers = [f"{shift:.2g}" for shift in one.shifts if shift]
        assert {*at[1].split(), f"{one.fixed_num_trials:.1e}", *numbers} <= words
    assert "min_num_trials(min_discrepancy(n)) = n for" in " ".join(said.split())
