"""Each planted bug is killed by each property that names it; no control is ever flagged."""

from dataclasses import replace

import pytest

from dropout_props.engine import Judge, Settings
from dropout_props.engine.deviations import SHIPPED_LIST
from dropout_props.environment.installed import probe
from dropout_props.properties import CATALOGUE, find
from dropout_props.results.verdict import Verdict
from dropout_props.selftest.mutants import APIS, CONTROLS, MUTANTS, Api, Mutant

_VERSIONS = probe().versions
_SETTINGS = replace(Settings.of(profile="ci"), confirm=False)

_KILLS = [
    pytest.param(mutant, api, property_id, id=f"{mutant.name}-{api}-{property_id}")
    for mutant in MUTANTS
    for api in mutant.apis
    for property_id in mutant.killed_by
]


@pytest.mark.parametrize(("mutant", "api", "property_id"), _KILLS)
def test_a_mutant_is_killed_by_the_property_that_names_it(
    mutant: Mutant, api: Api, property_id: str
) -> None:
    """The verdict is FAIL: not BLOCKED by another property, not an ERROR, not INCONCLUSIVE.

    A fault that the installed Flax itself has is listed there, and may read KNOWN.
    """
    result = Judge(_SETTINGS, _VERSIONS)(mutant.subject(api), find(property_id))
    allowed = (Verdict.FAIL, Verdict.KNOWN) if mutant.live else (Verdict.FAIL,)
    assert result.verdict in allowed, result.shown


# Every second one, in one API: `dropout-props selftest --mutants` asks all of them in both.
_ALTERNATING = [
    pytest.param(control, APIS[number % 2], id=f"{control.name}-{APIS[number % 2]}")
    for number, control in enumerate(CONTROLS[::2])
]


@pytest.mark.parametrize(("control", "api"), _ALTERNATING)
def test_a_control_is_never_flagged(control: Mutant, api: Api) -> None:
    """A correct layer of any construction passes every property."""
    judge = Judge(replace(_SETTINGS, profile=Settings.of(profile="smoke").profile), _VERSIONS)
    subject = control.subject(api)
    verdicts = {prop.id: judge(subject, prop) for prop in CATALOGUE}
    flagged = {
        property_id: result.shown
        for property_id, result in verdicts.items()
        if result.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.KNOWN)
    }
    assert not flagged
    # What every layer of a framework does wrong is listed; a kernel mends DP514 by itself, since it
    # spreads its mask over devices as its input is spread.
    known = {
        property_id for property_id, result in verdicts.items() if result.verdict is Verdict.KNOWN
    }
    general = (one for one in SHIPPED_LIST if one.is_general)
    assert known == {
        one.property_id
        for one in general
        if one.concerns(subject.name, api, one.property_id, _VERSIONS)
    } - {"DP514"}


@pytest.mark.parametrize(
    "name", ["call_counter_ignored", "same_key_all_layers", "antithetic_calls"]
)
def test_a_failure_survives_its_confirmation(name: str) -> None:
    """Keys, and a correct layer, are asked again about calls and layers too: FAIL, confirmed."""
    mutant = next(one for one in MUTANTS if one.name == name)
    settings = Settings.of(profile="smoke")
    result = Judge(settings, _VERSIONS)(mutant.subject("nnx"), find(mutant.killed_by[0]))
    assert result.verdict is Verdict.FAIL, result.shown
    assert result.failure is not None
    assert result.failure.confirmation.startswith("confirmed (")
    assert "a correct layer through the same count did not fail" in result.failure.confirmation


def test_properties_and_mutants_name_each_other() -> None:
    """A property's `mutants` are those that name it in `killed_by`, in the same order."""
    for prop in CATALOGUE:
        named = tuple(mutant.name for mutant in MUTANTS if prop.id in mutant.killed_by)
        assert set(prop.mutants) == set(named), prop.id
        assert prop.mutants, f"{prop.id} has never been seen to fail"


def test_names_are_unique() -> None:
    """A kill matrix has one row a name."""
    names = [mutant.name for mutant in (*MUTANTS, *CONTROLS)]
    assert len(set(names)) == len(names)
