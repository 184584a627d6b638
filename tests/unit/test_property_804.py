"""DP804 needs trained models: a page and a nightly test decide it, and nothing else judges it."""

import configparser
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from dropout_props.cli import main
from dropout_props.cli.shipped import plan
from dropout_props.engine import Settings
from dropout_props.engine.budget import Budget
from dropout_props.engine.selection import EVERYTHING
from dropout_props.properties import CATALOGUE, UnknownProperty, find
from dropout_props.pytest_plugin.parametrize import pairs_of, parametrize_with_properties
from dropout_props.selftest import kill_matrix, kill_page
from dropout_props.statistics import clopper_pearson

_ROOT = Path(__file__).parents[2]
_ID = "DP804"
_PAGE = "docs/generalisation.md"


@pytest.fixture(scope="module")
def digits() -> Any:
    """The module of the nightly test, which holds the numbers of its decision."""
    path = _ROOT / "tests" / "nightly" / "digits.py"
    spec = spec_from_file_location("digits", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_is_in_no_count_of_what_is_judged() -> None:
    """Not in the catalogue, the budget, the plan, the mutants or the parameters of pytest."""
    settings = Settings.of(profile="smoke")
    assert settings.budget.num_properties == sum(prop.is_statistical for prop in CATALOGUE)
    tasks = kill_matrix.tasks(profile="smoke", run_seeds=range(1), full=True)
    pairs, _ = pairs_of(["linen.Dropout"], EVERYTHING)
    judged = {
        "catalogue": {prop.id for prop in CATALOGUE},
        "plan": {one.property_id for one in plan("smoke").forecasts},
        "mutants": {property_id for _, _, property_id in kill_page.rows()},
        "kill matrix": {property_id for task in tasks for property_id in task.properties},
        "blocking": {property_id for each in CATALOGUE for property_id in each.blocked_by},
        "pytest": {property_id for _, property_id in pairs},
    }
    assert {where for where, ids in judged.items() if _ID in ids or not ids} == set()


def test_its_id_leads_to_the_page_and_the_page_to_the_command() -> None:
    """The error names the page; the page names a command that is in tox.ini."""
    for select in (find, lambda one: parametrize_with_properties(["a"], properties=[one])):
        with pytest.raises(UnknownProperty, match=r"decides it by training models") as refused:
            select(_ID.lower())
        assert _PAGE in str(refused.value)
    text = (_ROOT / _PAGE).read_text(encoding="utf-8")
    assert _ID in text
    assert "`tox -e nightly`" in text
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(_ROOT / "tox.ini")
    assert "testenv:nightly" in tox


def test_the_hint_of_a_mistyped_id_includes_it() -> None:
    """The closest ids include DP804, and the message does not take the id for DP804 itself."""
    with pytest.raises(UnknownProperty, match=r"the closest are .*DP804") as unknown:
        find("DP8O4")
    assert _PAGE not in str(unknown.value)


@pytest.mark.parametrize("command", ["explain", "list"])
def test_neither_command_prints_it(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """They print the catalogue, whose last entry is another one."""
    with pytest.raises(SystemExit):
        main([command])
    text = capsys.readouterr().out
    assert CATALOGUE[-1].id in text
    assert _ID not in text


def test_the_numbers_of_the_decision_belong_together(digits: Any) -> None:
    """The fewest seeds that show it show it, one less does not; the error rate is the budget's."""
    error, seeds = digits.FALSE_PASS_RATE, digits.NUM_SEEDS
    assert error == Budget().false_pass_rate

    def lowest(narrower: int) -> float:
        return clopper_pearson(narrower, seeds, confidence=1.0 - 2.0 * error).lowest

    assert lowest(digits.NUM_NARROWER) > digits.CHANCE
    assert lowest(digits.NUM_NARROWER - 1) <= digits.CHANCE


def test_the_page_says_what_the_test_decides(digits: Any) -> None:
    """The sentence, the seeds, how many must succeed, and at which error rate."""
    text = " ".join((_ROOT / _PAGE).read_text(encoding="utf-8").split())
    assert f"(DP804): **{digits.SENTENCE.rstrip('.')}**" in text
    assert f"of the seeds 0 to {digits.NUM_SEEDS - 1}, {digits.NUM_NARROWER} must succeed" in text
    assert f"at the error rate of a false pass, {digits.FALSE_PASS_RATE:g})" in text
