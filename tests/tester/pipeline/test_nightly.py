"""A property that requires training is documented everywhere, and judged only at night."""

import configparser
from pathlib import Path
from typing import Any

import pytest

from dropout_props.cli import main
from dropout_props.engine import Settings
from dropout_props.engine.budget import Budget
from dropout_props.engine.plan import forecasts
from dropout_props.properties import (
    CATALOGUE,
    NIGHTLY,
    DecidedNightly,
    NightlyProperty,
    UnknownProperty,
    find,
)
from dropout_props.properties import dp804_generalisation as generalisation
from dropout_props.pytest_plugin.parametrize import parametrize_with_properties
from dropout_props.selftest import kill_matrix, kill_page
from dropout_props.statistics import clopper_pearson

_ROOT = Path(__file__).parents[3]
_IDS = {prop.id for prop in NIGHTLY}


def test_no_list_of_judged_properties_has_it() -> None:
    """Catalogue, budget, plan, kill matrix, blockers and pytest items do not have it."""
    settings = Settings.of(profile="smoke")
    assert settings.budget.num_properties == sum(prop.is_statistical for prop in CATALOGUE)
    tasks = kill_matrix.tasks(profile="smoke", run_seeds=range(1), full=True)
    marked: Any = parametrize_with_properties(["linen.Dropout"])
    judged = {
        "catalogue": {prop.id for prop in CATALOGUE},
        "plan": {one.property_id for one in forecasts(profile="smoke")},
        "mutants": {property_id for _, _, property_id in kill_page.rows()},
        "tasks": {property_id for task in tasks for property_id in task.properties},
        "blocking": {property_id for each in CATALOGUE for property_id in each.blocked_by},
        "pytest": {property_id for _, property_id in marked.mark.args[1]},
    }
    assert {where: _IDS & ids for where, ids in judged.items() if _IDS & ids or not ids} == {}


@pytest.mark.parametrize("prop", NIGHTLY, ids=lambda prop: prop.id)
def test_it_cannot_be_selected(prop: NightlyProperty) -> None:
    """The message says why, and names the command that decides it, which is in tox.ini."""
    for select in (find, lambda one: parametrize_with_properties(["a"], properties=[one])):
        with pytest.raises(DecidedNightly, match=r"models are trained to decide it") as refused:
            select(prop.id.lower())
        assert f"`{prop.command}`" in str(refused.value)
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(_ROOT / "tox.ini")
    assert f"testenv:{prop.command.removeprefix('tox -e ')}" in tox


def test_the_hint_for_an_unknown_id_includes_it() -> None:
    """The closest ids include those of nightly properties."""
    with pytest.raises(UnknownProperty, match=r"the closest are .*DP804") as unknown:
        find("DP8O4")
    assert not isinstance(unknown.value, DecidedNightly)


def test_explain_says_how_it_is_decided(capsys: pytest.CaptureFixture[str]) -> None:
    """By its id, and after all others without an id; an id that is given twice is printed once."""
    for arguments in (["DP804", "dp804"], []):
        with pytest.raises(SystemExit):
            main(["explain", *arguments])
        text = capsys.readouterr().out
        assert text.count("DP804: ") == 1
        _, _, explained = text.partition("DP804: ")
        for part in ("Properties:", "training every model twice", "tox -e nightly", "Assumes:"):
            assert part in explained
        assert "Must kill" not in explained


def test_the_numbers_of_the_decision_are_consistent() -> None:
    """NUM_NARROWER is the smallest sufficient number; the error rate is that of the budget."""
    error, seeds = generalisation.FALSE_PASS_RATE, generalisation.NUM_SEEDS
    assert error == Budget().false_pass_rate

    def lowest(narrower: int) -> float:
        return clopper_pearson(narrower, seeds, confidence=1.0 - 2.0 * error).lowest

    assert lowest(generalisation.NUM_NARROWER) > generalisation.CHANCE
    assert lowest(generalisation.NUM_NARROWER - 1) <= generalisation.CHANCE


def test_the_page_has_the_numbers_of_the_code() -> None:
    """The page has the property, its seeds, the required successes and the error rate."""
    text = " ".join((_ROOT / "docs" / "generalisation.md").read_text(encoding="utf-8").split())
    seeds, needed = generalisation.NUM_SEEDS, generalisation.NUM_NARROWER
    assert f"(DP804): **{generalisation.PROPERTY.sentence.rstrip('.')}**" in text
    assert f"of the seeds 0 to {seeds - 1}, {needed} must succeed" in text
    assert f"at the error rate of a false pass, {generalisation.FALSE_PASS_RATE:g})" in text
