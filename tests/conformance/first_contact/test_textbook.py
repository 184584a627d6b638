"""The layer of every tutorial is green on first contact, without one listed deviation."""

from dataclasses import replace
from typing import Any

import pytest

from dropout_props import Subject
from dropout_props.engine import Judge, Settings
from dropout_props.engine.selection import Selection
from dropout_props.environment.installed import probe
from dropout_props.properties import find
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.who import all_in, drawing_modules
from tests.conformance.first_contact.layers import Beside, Textbook, TextbookNNX, WithDropout

_UNLISTED = replace(Settings.of(profile="smoke"), known=())


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(Subject.linen(Textbook), id="linen"),
        # By day tests/subjects/test_grid.py judges a layer of NNX without a list, too.
        pytest.param(Subject.nnx(TextbookNNX), id="nnx", marks=pytest.mark.nightly),
    ],
)
def test_the_layer_of_every_tutorial_passes_its_default_level(subject: Subject) -> None:
    """At `core` each property passes or does not apply, with an empty list of deviations."""
    judge = Judge(_UNLISTED, probe().conditions)
    properties = Selection().properties_of(subject)
    assert {prop.level for prop in properties} == {"core"}
    results = [judge(subject, prop) for prop in properties]
    other = {one.property_id: one.verdict for one in results if one.verdict is not Verdict.PASS}
    assert set(other.values()) <= {Verdict.NOT_APPLICABLE}
    assert set(other) == {prop.id for prop in properties if prop.inapplicable(subject.traits)}


@pytest.mark.parametrize(
    ("layer", "verdict"), [(Textbook, Verdict.FAIL), (WithDropout, Verdict.KNOWN)]
)
def test_a_deviation_of_flax_covers_a_layer_only_where_flax_draws(
    layer: Any, verdict: Verdict
) -> None:
    """A rate of 1.5 is the fault of whoever wrote the code that draws the mask."""
    judge = Judge(replace(Settings.of(profile="smoke"), confirm=False), probe().conditions)
    assert judge(Subject.linen(layer), find("DP107")).verdict is verdict


@pytest.mark.parametrize(("layer", "is_flax"), [(WithDropout, True), (Beside, False)])
def test_a_sampler_that_a_layer_imported_is_not_overlooked(layer: Any, is_flax: bool) -> None:
    """Only where Flax draws every mask is the code of Flax alone at work."""
    assert all_in(drawing_modules(Subject.linen(layer), (8,)), ["flax"]) is is_flax
