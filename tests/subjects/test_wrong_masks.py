"""Six masks that are wrong in practice fail in ci at the default level, and a good one passes."""

from dataclasses import replace

import pytest

from dropout_props.engine import Judge, Settings
from dropout_props.engine.diagnosis import diagnose
from dropout_props.engine.failure_ids import case_of
from dropout_props.engine.run import run
from dropout_props.engine.selection import default_level
from dropout_props.properties import CATALOGUE, find
from dropout_props.results.verdict import Verdict
from tests.subjects.published_layers import subject as published

_SETTINGS = replace(Settings.of(profile="ci"), confirm=False)
_KILLS = (
    ("own_dtype", "DP202", "dtype=bfloat16", "wrong for inputs of bfloat16, and not of float32"),
    ("big_tile", "DP306", "repeat those 32768 units on", "the mask has the period 32768"),
    ("spatial4", "DP306", "repeat those 64 units on", "constant along axis 1 and axis 2"),
    ("seed_plus_tile", "DP306", "8 units on", "seed s + 1 is the one before, shifted by 8 units"),
    ("small_x", "DP304", "the same key with an input of", "dropped depends on the size of x"),
    ("rate_02", "DP202", "rate=0.2", "wrong at rates about 0.2, and not at"),
)
_GREEN = (Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.KNOWN)


@pytest.mark.parametrize(("name", "property_id", "words", "diagnosis"), _KILLS)
def test_a_wrong_mask_fails(name: str, property_id: str, words: str, diagnosis: str) -> None:
    """A property of the level that a user's layer is judged at fails, and says where and why."""
    subject, prop = published(f"wrong_masks:{name}"), find(property_id)
    assert prop.is_in(default_level(subject))
    result = Judge(_SETTINGS, {})(subject, prop)
    assert result.verdict is Verdict.FAIL, result.shown
    assert words in result.shown
    failure = result.failure
    assert failure is not None
    assert failure.replay is not None
    assert failure.replay.case is not None
    found = diagnose(subject, prop, case_of(failure.replay.case), _SETTINGS)
    assert diagnosis in found


def test_the_good_mask_passes_the_same_properties() -> None:
    """Their counts and comparisons accuse the faults, and nothing else."""
    judge = Judge(replace(_SETTINGS, profile=Settings.of(profile="smoke").profile), {})
    subject = published("wrong_masks:good")
    for property_id in sorted({property_id for _, property_id, _, _ in _KILLS}):
        result = judge(subject, find(property_id))
        assert result.verdict is Verdict.PASS, (property_id, result.shown)


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["good", *(name for name, _, _, _ in _KILLS)])
def test_a_whole_run_is_red_for_the_wrong_masks_alone(name: str) -> None:
    """Judged with every property of the default level, as `check` does."""
    subject = published(f"wrong_masks:{name}")
    properties = [prop for prop in CATALOGUE if prop.is_in(default_level(subject))]
    results = run([subject], properties, _SETTINGS).results
    red = {one.property_id: one.shown for one in results if one.verdict not in _GREEN}
    if name == "good":
        assert not red
    else:
        assert any(one.verdict is Verdict.FAIL for one in results), red
