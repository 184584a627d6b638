"""Traits: what a subject is built to do, and the sentence for what it is not."""

from dataclasses import replace
from typing import Any

import pytest

from dropout_props.subjects.traits import ABILITIES, Traits

ABLE = Traits(
    api="linen",
    named_stream=True,
    explicit_key=True,
    broadcast_dims=True,
    missing_key_errors=("InvalidRngError",),
    derivation="linen",
    wide_dtypes=("float64",),
    state=True,
    mode_rule="one place",
    explicit_mesh=True,
    attention=True,
)
LOST: dict[str, dict[str, Any]] = {
    "mask": {"law": "composite"},
    "scaled": {"law": "noise"},
    "identity": {"reference": "eval"},
    "any_rate": {"rate": 0.25},
    "eval_mode": {"eval_mode": False},
    "streams": {"streams": False},
    "named_stream": {"named_stream": False},
    "explicit_key": {"explicit_key": False},
    "broadcast_dims": {"broadcast_dims": False},
    "layers": {"layers": False},
    "repeat": {"repeat": False},
    "missing_key": {"missing_key_errors": ()},
    "nonfinite": {"nonfinite": False},
    "empty": {"empty": False},
    "transforms": {"batching": "loop"},
    "derivation": {"derivation": None},
    "wide_dtypes": {"wide_dtypes": ()},
    "lifted": {"lifted": False},
    "state": {"state": False},
    "modes": {"mode_rule": None},
    "explicit_mesh": {"explicit_mesh": False},
    "attention": {"attention": False},
    "rate_one": {"rate_one": False},
}


@pytest.mark.parametrize("ability", ABILITIES)
def test_lacks_is_silent_about_an_ability(ability: Any) -> None:
    """A subject that has an ability is given no reason against it."""
    assert ABLE.lacks(ability) is None


@pytest.mark.parametrize("ability", ABILITIES)
def test_each_ability_is_lost_by_its_trait_alone(ability: Any) -> None:
    """Taking one trait away takes one ability away, with a sentence about the subject."""
    traits = replace(ABLE, **LOST[ability])
    lacking = {other: traits.lacks(other) or "" for other in ABILITIES if traits.lacks(other)}
    assert set(lacking) == {ability}
    assert lacking[ability].startswith("it")


def test_a_mask_shared_along_axes_is_a_kind_of_broadcast_dims() -> None:
    """A layer that takes none, and shares its mask along all axes but one, can be asked."""
    traits = replace(ABLE, broadcast_dims=False, shares_rest=True)
    assert traits.lacks("broadcast_dims") is None


def test_a_fixed_rate_is_named() -> None:
    """The sentence about a fixed rate says which."""
    assert replace(ABLE, rate=0.25).lacks("any_rate") == "its rate is fixed at 0.25"


def test_a_given_reason_replaces_the_usual_one() -> None:
    """A subject may say in its own words why a property does not apply."""
    traits = replace(ABLE, eval_mode=False, reasons={"eval_mode": "it is left out instead"})
    assert traits.lacks("eval_mode") == "it is left out instead"


def test_a_reason_alone_takes_no_ability_away() -> None:
    """Reasons are words; traits decide."""
    assert replace(ABLE, reasons={"streams": "whatever"}).lacks("streams") is None


@pytest.mark.parametrize(
    ("shape", "dtype", "reason"),
    [
        ((), "float32", "it takes inputs of 1 or more axes, not of 0"),
        ((3,), "int32", "it takes float32 inputs, not int32"),
        ((3, 0), "float32", "it takes no input with an empty axis"),
        ((3,), "float32", None),
    ],
)
def test_refuses_says_why_an_input_is_none(shape: Any, dtype: Any, reason: Any) -> None:
    """An input that the subject does not take is refused with the rule it breaks."""
    assert (
        Traits(api="linen", min_rank=1, dtypes=("float32",), empty=False).refuses(shape, dtype)
        == reason
    )


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_fixed_rate_that_is_no_probability_is_refused(rate: Any) -> None:
    """The message names the value and the rule."""
    with pytest.raises(
        ValueError, match=r"^rate=\S+ is no probability; give a number from 0 to 1$"
    ):
        Traits(api="linen", rate=rate)


def test_a_reason_for_no_ability_is_refused() -> None:
    """A misspelt ability would silently never be read."""
    with pytest.raises(ValueError, match=r"^reasons=\['evil_mode'\] are no abilities; the abilit"):
        Traits(api="linen", reasons={"evil_mode": "it has none"})
