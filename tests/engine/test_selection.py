"""The level, `select` and `ignore` choose properties, and an entry that matches none is refused."""

from functools import partial
from typing import Any

import flax.linen as nn
import jax
import pytest
from flax import nnx

from dropout_props.engine.run import number_of
from dropout_props.engine.selection import EVERYTHING, Selection, default_level
from dropout_props.layers import registry
from dropout_props.properties import CATALOGUE, LEVELS, UnknownProperty, find
from dropout_props.subjects.subject import Subject
from dropout_props.subjects.who import drawing_modules


class _Own(nn.Dropout):
    """A class of its own, which inherits everything."""


def _ids(subject: Subject, **options: Any) -> list[str]:
    return [prop.id for prop in Selection(**options).properties_of(subject)]


_OWN = Subject.linen(_Own, name="linen.Dropout")


def test_each_level_contains_the_one_before_and_what_it_depends_on() -> None:
    """A level judges what blocks its properties; the last one is the whole catalogue."""
    found = [set(_ids(_OWN, level=level)) for level in LEVELS]
    assert found[0] < found[1] < found[2] == {prop.id for prop in CATALOGUE}
    for chosen in found:
        assert {one for property_id in chosen for one in find(property_id).blocked_by} <= chosen
    assert EVERYTHING.properties_of(_OWN) == CATALOGUE


@pytest.mark.parametrize(
    ("subject", "level"),
    [
        (Subject.linen(nn.Dropout, name="mine"), "framework"),
        (Subject.nnx(nnx.Dropout, name="mine"), "framework"),
        (Subject.linen(partial(nn.Dropout), name="mine"), "framework"),
        (_OWN, "core"),
        (registry.load("textbook.DropoutModel"), "core"),
        (registry.load("d2l.dropout_layer"), "core"),
    ],
)
def test_the_default_level_depends_on_who_the_layer_is(subject: Subject, level: str) -> None:
    """Not on its name, nor on the Dropout inside of a model."""
    assert default_level(subject) == level
    assert _ids(subject) == _ids(subject, level=level)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"select": ("DP206",)}, ["DP206"]),  # a whole id, at any level
        ({"select": ("DP20",)},
         ["DP201", "DP202", "DP203", "DP204", "DP205", "DP207"]),  # within core
        ({"select": ("dp20",), "level": "full", "ignore": ("DP203", "DP204", "DP205", "DP207")},
         ["DP201", "DP202", "DP206"]),
        ({"select": ("DP206", "DP101"), "ignore": ("DP2",)}, ["DP101", "DP206"]),
        ({"select": ("DP101",), "ignore": ("DP101",)}, []),
        ({"select": ("DP101", "DP102"), "per_subject": {"linen.*": {"DP101": "why"}}}, ["DP102"]),
        ({"select": ("DP101", "DP102"), "per_subject": {"nnx.*": {"DP101": "why"}}},
         ["DP101", "DP102"]),
    ],
)  # fmt: skip
def test_the_more_specific_entry_wins(options: dict[str, Any], expected: list[str]) -> None:
    """A prefix selects within the level, a whole id at any level."""
    assert _ids(_OWN, **options) == expected


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("DP2O2", "unknown property 'DP2O2': the closest are DP20"),
        ("DX", "='DX': no property has an id that begins so: the closest is DP"),
        ("D", "='D': no property has an id that begins so"),
        ("DP905", "DP905 is a property of a running model"),
        ("DP804", "see docs/generalisation.md"),
    ],
)
@pytest.mark.parametrize("option", ["select", "ignore", "per_subject"])
def test_an_entry_that_matches_nothing_is_refused(entry: str, sentence: str, option: str) -> None:
    """The error names the closest."""
    value: Any = {"a": {entry: "why"}} if option == "per_subject" else (entry,)
    with pytest.raises(UnknownProperty) as refused:
        Selection(**{option: value})
    assert sentence in str(refused.value)


def test_an_unknown_level_is_refused() -> None:
    """The error names the levels, and the closest."""
    level: Any = "ful"
    with pytest.raises(ValueError, match="core, full, framework; the closest is full"):
        Selection(level=level)


def test_a_run_counts_the_pairs_of_each_subject() -> None:
    """Two subjects of two levels have different numbers of properties."""
    flax = Subject.linen(nn.Dropout, name="mine")
    found = number_of([_OWN, flax], Selection().properties_of)
    assert found == len(_ids(_OWN)) + len(CATALOGUE)


def test_one_call_shows_whose_code_draws() -> None:
    """Flax's for its Dropout, also inside of a model; the layer's own for one that draws itself."""
    usual = jax.random.bernoulli
    [flax] = drawing_modules(Subject.linen(nn.Dropout, name="mine"), (4,))
    assert flax.startswith("flax.")
    assert drawing_modules(registry.load("textbook.DropoutModel"), (4,)) == {flax}
    [own] = drawing_modules(registry.load("textbook.MyDropout"), (4,))
    assert own == "dropout_props.layers.textbook.my_dropout"
    assert jax.random.bernoulli is usual
