"""Each missing ability of a subject has a reason, which is a sentence."""

import re
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
    linear=True,
)
HOLDING = replace(ABLE, held=True)
LOST: dict[str, dict[str, Any]] = {
    "mask": {"law": "composite"},
    "scaled": {"dropped": -1.0, "linear": False},
    "mean": {"kept": "unscaled", "linear": False},
    "valued": {"law": "noise", "linear": False},
    "identity": {"reference": "eval"},
    "any_rate": {"rate": 0.25},
    "eval_mode": {"eval_mode": False},
    "streams": {"streams": False},
    "named_stream": {"named_stream": False},
    "explicit_key": {"explicit_key": False},
    "broadcast_dims": {"broadcast_dims": False},
    "layers": {"layers": False},
    "repeat": {"repeat": False},
    "linear": {"linear": False},
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
    "rate_zero": {"rate_zero": False},
    "rate_one": {"rate_one": False},
}


# A layer with a mask has no noise, and one that holds its mask no new masks.
_BY_ITSELF = [one for one in ABILITIES if one not in ("held", "sized")]


@pytest.mark.parametrize("ability", _BY_ITSELF)
def test_lacks_is_silent_about_an_ability(ability: Any) -> None:
    """An ability that the subject has gives no reason."""
    assert ABLE.lacks(ability) is None


@pytest.mark.parametrize("ability", _BY_ITSELF)
def test_each_ability_is_lost_by_its_trait_alone(ability: Any) -> None:
    """Removing one trait removes one ability, with a sentence about the subject.

    Noise has no values of its own, and so no scale either; without a scale nothing is linear.
    """
    traits = replace(ABLE, **LOST[ability])
    lacking = {other: traits.lacks(other) or "" for other in _BY_ITSELF if traits.lacks(other)}
    also = {
        "valued": {"scaled", "mean", "linear"},
        "scaled": {"mean", "linear"},
        "mean": {"scaled", "linear"},
    }
    assert set(lacking) == {ability, *also.get(ability, ())}
    assert lacking[ability].startswith("it")


def test_a_held_mask_replaces_what_is_about_new_masks() -> None:
    """A layer either counts its calls, and each has its own mask, or all have the first one."""
    assert HOLDING.lacks("held") is None
    assert ABLE.lacks("held") == "it does not say that all its calls share one mask"
    lost = {one: why for one in ABILITIES if (why := HOLDING.lacks(one))}
    lost.pop("sized")
    assert set(lost) == {"repeat", "lifted", "state"}
    assert all(why.startswith("it holds its mask") for why in lost.values())


def test_shares_rest_counts_as_broadcast_dims() -> None:
    """A layer that always shares its mask along axes has the ability without the parameter."""
    traits = replace(ABLE, broadcast_dims=False, shares_rest=True)
    assert traits.lacks("broadcast_dims") is None


def test_a_fixed_rate_is_named() -> None:
    """The reason gives the fixed rate."""
    assert replace(ABLE, rate=0.25).lacks("any_rate") == "its rate is fixed at 0.25"


def test_a_given_reason_replaces_the_usual_one() -> None:
    """`reasons` replaces the sentence of a missing ability."""
    traits = replace(ABLE, eval_mode=False, reasons={"eval_mode": "it is left out instead"})
    assert traits.lacks("eval_mode") == "it is left out instead"


def test_a_reason_alone_removes_no_ability() -> None:
    """An ability depends on the traits, not on `reasons`."""
    assert replace(ABLE, reasons={"streams": "whatever"}).lacks("streams") is None


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_fixed_rate_that_is_not_a_probability_is_refused(rate: Any) -> None:
    """The message names the value and the rule."""
    with pytest.raises(
        ValueError, match=r"^rate=\S+ is not a probability; give a number from 0 to 1$"
    ):
        Traits(api="linen", rate=rate)


def test_a_reason_for_an_unknown_ability_is_refused() -> None:
    """A misspelt ability is an error: its reason would never be used."""
    with pytest.raises(ValueError, match=r"^reasons=\['evil_mode'\]: no such ability; the abil"):
        Traits(api="linen", reasons={"evil_mode": "it has none"})


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"kind": "modle"}, "kind='modle': it must be one of None, 'layer', 'model'"),
        ({"law": "nois"}, "law='nois': it must be one of 'dropout', 'noise', 'composite'"),
        ({"kept": "unscale"}, "kept='unscale': it must be one of 'scaled', 'unscaled'"),
        ({"takes": "any"}, "takes='any': it must be one of 'probed', 'all'"),
        ({"reference": "output"}, "reference='output': it must be one of 'input', 'eval'"),
        ({"dropped": "x"}, "dropped='x': give a number, a function of keep, or None"),
        ({"shared_axes": 1}, "shared_axes=1: give a tuple of integers, such as (1,)"),
        ({"held": "yes"}, "held='yes': it must be one of True, False"),
        ({"linear": 2}, "linear=2: it must be one of True, False"),
        ({"linear": True, "law": "noise"}, "linear=True: on average a layer of noise"),
        ({"linear": True, "kept": "unscaled"}, "or does not scale, need not give its evaluation"),
        ({"held": True, "repeat": False}, "does not count its calls"),
        ({"least_sizes": ("a",)}, "least_sizes=('a',): give a tuple of integers, such as (1,)"),
    ],
)
def test_a_wrong_trait_is_refused(wrong: dict[str, Any], sentence: str) -> None:
    """The message names the trait, the value and the rule."""
    with pytest.raises(ValueError, match=re.escape(sentence)):
        Traits(api="linen", **wrong)
