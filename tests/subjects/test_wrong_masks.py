"""Six masks that are wrong in practice fail in ci at the default level, and a good one passes."""

from dataclasses import replace

import pytest

from dropout_props.engine import Judge, Settings
from dropout_props.engine.run import run
from dropout_props.engine.selection import default_level
from dropout_props.properties import CATALOGUE, find
from dropout_props.results.verdict import Verdict
from tests.subjects.published_layers import subject as published

_SETTINGS = replace(Settings.of(profile="ci"), confirm=False)
_KILLS = (
    ("own_dtype", "DP202", "dtype=bfloat16"),
    ("big_tile", "DP306", "repeat those 32768 units on"),
    ("spatial4", "DP306", "repeat those 64 units on"),
    ("seed_plus_tile", "DP306", "8 units on"),
    ("small_x", "DP304", "the same key with an input of"),
    ("rate_02", "DP202", "rate=0.2"),
)
_GREEN = (Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.KNOWN)


@pytest.mark.parametrize(("name", "property_id", "words"), _KILLS)
def test_a_wrong_mask_fails(name: str, property_id: str, words: str) -> None:
    """A property of the level that a user's layer is judged at fails, and says where."""
    subject, prop = published(f"wrong_masks:{name}"), find(property_id)
    assert prop.is_in(default_level(subject))
    result = Judge(_SETTINGS, {})(subject, prop)
    assert result.verdict is Verdict.FAIL, result.shown
    assert words in result.shown


def test_the_good_mask_passes_the_same_properties() -> None:
    """Their counts and comparisons accuse the faults, and nothing else."""
    judge = Judge(replace(_SETTINGS, profile=Settings.of(profile="smoke").profile), {})
    subject = published("wrong_masks:good")
    for property_id in sorted({property_id for _, property_id, _ in _KILLS}):
        result = judge(subject, find(property_id))
        assert result.verdict is Verdict.PASS, (property_id, result.shown)


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["good", *(name for name, _, _ in _KILLS)])
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
