"""The measurements of both error rates keep their bounds, and fail for a broken suite."""

import os
from dataclasses import replace
from functools import cache, partial
from math import sqrt
from typing import Any

import pytest

from dropout_props.cases.profiles import PROFILES
from dropout_props.cli import main, shipped
from dropout_props.engine.plan import plan as computed
from dropout_props.selftest import all_masks, depth, enumeration, null_runs, power
from dropout_props.selftest.own_mutants import OWN_MUTANTS, OwnMutant
from dropout_props.selftest.spread import NotMeasured, spread


def test_every_outcome_of_a_short_run_keeps_its_bound() -> None:
    """At every keep rate false alarms are below alpha, and the mean of the evidence is 1."""
    found = list(enumeration.measure())
    assert len(found) == 4
    assert all(one.held for one in found), found
    means = [one.figure for one in found if "mean" in one.what]
    assert means == pytest.approx([1.0, 1.0], abs=1e-9)


@cache
def _found(part: str) -> list[Any]:
    """Return the figures of a measurement without a fault."""
    return list(_PARTS[part]())


def test_a_run_keeps_its_budget_of_one_in_a_billion() -> None:
    """A property raises false alarms at most at its share, which importance sampling resolves."""
    one, whole = _found("b")
    assert one.held
    assert whole.held
    assert 0 < whole.figure < 1e-9
    assert whole.upper < 2 * whole.figure  # the estimate is close to its bound


def test_a_few_runs_of_the_engine_keep_their_bounds() -> None:
    """This holds for every statistical property, and for a scan of shapes and rates."""
    runs = list(null_runs.measure(runs=1))
    assert runs[0].figure <= 0.2
    assert runs[2].figure < 1
    [scan] = null_runs.adversary(runs=5)
    assert scan.figure == 0


_PARTS: dict[str, Any] = {
    "a": lambda: enumeration.measure((0.1, 0.5)),  # what exceeds a bound here does so among all
    "b": lambda: depth.measure(ledgers=3000),
    "c": lambda: null_runs.measure(runs=4),
    "d": lambda: null_runs.adversary(runs=5),
    "e": lambda: all_masks.measure(bits=6, properties=["DP301"]),
}


@pytest.mark.parametrize(
    ("mutant", "part"),
    [
        pytest.param(
            mutant,
            part,
            id=f"{mutant.name}, by {part}",
            # whole runs of the engine
            marks=pytest.mark.nightly if part == "c" else [],
        )
        for mutant in OWN_MUTANTS
        for part in mutant.caught_by
        if part != "d"  # takes hundreds of scans: `dropout-props selftest --null` runs them
    ],
)
def test_a_measurement_detects_a_fault_of_the_suite(mutant: OwnMutant, part: str) -> None:
    """With the fault in place a bound is exceeded that is kept without it."""
    before = [one.held for one in _found(part)]
    with mutant.in_place():
        after = [one.held for one in _PARTS[part]()]
    assert any(was and not now for was, now in zip(before, after, strict=True))


def test_processes_change_no_result() -> None:
    """Results come in the order of the arguments, whichever process ends first."""
    numbers = [4.0, 9.0, 16.0, 1.0]
    assert list(spread(sqrt, numbers, processes=2)) == list(spread(sqrt, numbers)) == [2, 3, 4, 1]


def test_a_call_that_ends_its_process_ends_the_run() -> None:
    """With a sentence that names the argument; nothing is left out in silence."""
    with pytest.raises(NotMeasured, match=r"^3 was not measured: .* exit code 3.* without -n\.$"):
        list(spread(os._exit, [3], processes=2))


@pytest.mark.nightly
def test_processes_change_no_figure() -> None:
    """Two processes measure what one does; each call derives its randomness from its arguments."""
    for measure in (
        partial(null_runs.adversary, run_seed=3, runs=12),
        partial(power.measure, run_seed=3, simulations=20),
    ):
        assert list(measure(processes=2)) == list(measure())


def test_each_measurement_detects_a_fault() -> None:
    """Each of the five letters has a mutant of the suite."""
    assert {letter for mutant in OWN_MUTANTS for letter in mutant.caught_by} == set("abcde")


@pytest.mark.parametrize("bits", [6, pytest.param(12, marks=pytest.mark.nightly)])
def test_every_count_is_of_independent_trials(bits: int) -> None:
    """Over all masks, the law of each member is the binomial one, with a mean in its null."""
    found = list(all_masks.measure(bits=bits))
    assert [one.held for one in found] == [True, True], found


def test_promised_discrepancies_are_rarely_missed_and_quarters_pass() -> None:
    """This holds for every family; the bound of 0.001 requires more simulations than this."""
    found = list(power.measure(simulations=400))
    assert {one.property_id for one in found} >= {"DP202", "DP301", "DP404"}
    assert max(one.missed.figure for one in found) <= 0.005
    assert min(one.near_passed for one in found) > 0.9


def test_the_plan_round_trips() -> None:
    """A fixed sample of the planned size resolves the promised discrepancy, and hardly less."""
    for one in shipped.plan("ci").forecasts:
        assert one.resolvable <= one.shifts[0] * (1 + 1e-9)
        assert one.resolvable > 0.9 * one.shifts[0]
        assert 0 < one.num_trials < one.fixed_num_trials
        assert one.round_trip <= one.fixed_num_trials


def test_the_plan_of_a_finer_profile_resolves_more_and_costs_more(
    capsys: Any, monkeypatch: Any
) -> None:
    """The table has every statistical property, with what the profile promises."""
    smoke, ci = (
        {(one.property_id, one.family): one for one in shipped.plan(name).forecasts}
        for name in ("smoke", "ci")
    )
    assert all(ci[at].promised < smoke[at].promised for at in ci)
    assert all(ci[at].num_trials > smoke[at].num_trials for at in ci)
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stopped:
        main(["plan", "--profile", "smoke"])
    assert not stopped.value.code
    printed = capsys.readouterr().out
    assert all(property_id in printed for property_id, _ in ci)
    assert max(map(len, printed.splitlines())) <= 80
    assert "…" not in printed
    words = set(printed.split())
    for at, one in smoke.items():
        numbers = [f"{shift:.2g}" for shift in one.shifts if shift]
        assert {*at[1].split(), f"{one.fixed_num_trials:.1e}", *numbers} <= words
    assert "min_num_trials(min_discrepancy(n)) = n for" in " ".join(printed.split())


@pytest.mark.parametrize(
    "profile",
    [pytest.param(one, marks=[] if one == "ci" else pytest.mark.nightly) for one in PROFILES],
)
def test_the_plans_that_ship_are_those_of_the_code(profile: str) -> None:
    """Run `python tools/catalogue.py` when this fails; another SciPy may round otherwise."""
    made, stored = computed(profile=profile), shipped.plan(profile)
    assert replace(made, forecasts=()) == replace(stored, forecasts=())
    for one, other in zip(made.forecasts, stored.forecasts, strict=True):
        assert replace(one, resolvable=0.0) == replace(other, shifts=one.shifts, resolvable=0.0)
        assert one.shifts == pytest.approx(other.shifts, rel=1e-9)
        assert one.resolvable == pytest.approx(other.resolvable, rel=1e-9)


def test_an_open_rate_of_misses_is_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a larger sample alone, where the first keeps the bound and its upper bound does not."""
    times: list[int] = []

    def passed(simulation: Any, *_: Any) -> int:
        times.append(simulation.times)
        return 23 if simulation.times == 40_000 else 120

    monkeypatch.setattr(power._Simulation, "_passed", passed)
    first = next(power.measure())
    assert times[:3] == [40_000, 320_000, 40_000]  # the third is at a quarter of the discrepancy
    assert first.missed.figure == 120 / 320_000
    assert first.missed.held
