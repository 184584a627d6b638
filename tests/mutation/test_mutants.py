"""Properties name their mutants, failures are confirmed, and no control is flagged."""

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


# Every second control in one API; `dropout-props selftest --mutants` judges all in both.
_ALTERNATING = [
    pytest.param(control, APIS[number % 2], id=f"{control.name}-{APIS[number % 2]}")
    for number, control in enumerate(CONTROLS[::2])
]


@pytest.mark.nightly
@pytest.mark.parametrize(("control", "api"), _ALTERNATING)
def test_a_control_is_never_flagged(control: Mutant, api: Api) -> None:
    """A correct layer passes every property, in whichever way it is built."""
    judge = Judge(replace(_SETTINGS, profile=Settings.of(profile="smoke").profile), _VERSIONS)
    subject = control.subject(api)
    verdicts = {prop.id: judge(subject, prop) for prop in CATALOGUE}
    flagged = {
        property_id: result.shown
        for property_id, result in verdicts.items()
        if result.verdict not in (Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.KNOWN)
    }
    assert not flagged
    # General known deviations apply to every layer of a framework; a kernel does not have that of
    # DP514, since it shards its mask as its input is sharded.
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
def test_a_failure_is_confirmed(name: str) -> None:
    """The confirmation judges fresh keys and a correct layer, also for several calls or layers."""
    mutant = next(one for one in MUTANTS if one.name == name)
    settings = Settings.of(profile="smoke")
    result = Judge(settings, _VERSIONS)(mutant.subject("nnx"), find(mutant.killed_by[0]))
    assert result.verdict is Verdict.FAIL, result.shown
    assert result.failure is not None
    assert result.failure.confirmation.startswith("confirmed (")
    assert "a correct layer through the same count did not fail" in result.failure.confirmation


def test_every_property_names_a_mutant() -> None:
    """A property that names none has never been seen to fail."""
    assert [prop.id for prop in CATALOGUE if not prop.killed_by] == []


def test_every_mutant_is_named() -> None:
    """A mutant that no property names is never judged; a name that no mutant has is misspelt."""
    named = {name for prop in CATALOGUE for name in prop.killed_by}
    assert named == {mutant.name for mutant in MUTANTS}


def test_no_property_names_a_mutant_twice() -> None:
    """Each name appears once."""
    for prop in CATALOGUE:
        assert len(set(prop.killed_by)) == len(prop.killed_by), prop.id


def test_no_control_is_named() -> None:
    """No property must fail on a correct layer."""
    assert [control.name for control in CONTROLS if control.killed_by] == []


def test_names_are_unique() -> None:
    """The kill matrix identifies a layer by its name."""
    names = [mutant.name for mutant in (*MUTANTS, *CONTROLS)]
    assert len(set(names)) == len(names)
