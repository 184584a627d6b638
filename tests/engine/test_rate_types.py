"""A layer can pass DP705, also by refusing a rate; Flax fails it without its known deviation."""

from dataclasses import replace
from typing import Any

import flax.linen as nn
import pytest

from dropout_props.engine import Judge, Settings
from dropout_props.engine.deviations import SHIPPED_LIST
from dropout_props.layers import registry
from dropout_props.properties import find
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.subject import Subject

_SETTINGS = replace(Settings.of(profile="smoke"), confirm=False)


def _as_float(rate: Any) -> Any:
    return nn.Dropout(float(rate))


def _only_floats(rate: Any) -> Any:
    if type(rate) is not float:
        raise TypeError(f"rate={rate!r} is not a float")
    return nn.Dropout(rate)


def _judge(subject: Subject, settings: Settings = _SETTINGS) -> Any:
    return Judge(settings, {})(subject, find("DP705"))


@pytest.mark.parametrize("factory", [_as_float, _only_floats])
def test_a_layer_that_makes_a_float_of_its_rate_or_refuses_it_conforms(factory: Any) -> None:
    """A general known deviation does not make a correct layer fail."""
    result = _judge(Subject.linen(factory))
    assert result.verdict is Verdict.PASS, result.shown


@pytest.mark.parametrize("name", ["linen.Dropout", "nnx.Dropout"])
def test_flax_fails_without_the_known_deviation(name: str) -> None:
    """KNOWN is a failure of the property: without the entries the verdict is FAIL."""
    subject = registry.load(name)
    assert _judge(subject).verdict is Verdict.KNOWN
    others = tuple(entry for entry in SHIPPED_LIST if entry.property_id != "DP705")
    result = _judge(subject, replace(_SETTINGS, known=others))
    assert result.verdict is Verdict.FAIL
    assert "as computed in the precision of the rate" in result.shown
