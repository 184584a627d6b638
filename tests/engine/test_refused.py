"""What a layer refuses at the ends of its rate, and on NaN, is a note; a wrong output is red."""

from dataclasses import replace
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.engine import Judge, Settings
from dropout_props.engine.probe import probe
from dropout_props.environment.installed import probe as installed
from dropout_props.properties import find
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.subject import Subject

_JUDGE = Judge(replace(Settings.of(profile="smoke"), confirm=False), installed().conditions)


def dropout(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Dropout, right on every input."""
    if deterministic:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def above_zero(key: Any, x: Any, rate: Any, deterministic: bool) -> Any:
    """Dropout of rates above 0; a traced rate may be any."""
    if isinstance(rate, float) and rate == 0.0:
        raise ValueError("the rate must be positive")
    return dropout(key, x, rate, deterministic)


def finite(key: Any, x: Any, rate: float, deterministic: bool, *, training: bool = False) -> Any:
    """Dropout of finite numbers, where it can see them: always, or in training alone."""
    seen = not isinstance(x, jax.core.Tracer) and not (training and deterministic)
    if seen and not np.isfinite(np.asarray(x, np.float32)).all():
        raise ValueError("x must be finite")
    return dropout(key, x, rate, deterministic)


def doubled_at_zero(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Wrong at rate 0."""
    return 2 * x if rate == 0.0 else dropout(key, x, rate, deterministic)


class AboveZero(nn.Module):
    """A layer of Linen that refuses rate 0 in both modes."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, deterministic: bool) -> Any:
        """Return the output."""
        if self.rate == 0.0:
            raise ValueError("the rate must be positive")
        return nn.Dropout(self.rate)(x, deterministic=deterministic)


_POSITIVE = "it refuses rate 0 (ValueError: the rate must be positive); if that is meant, say "
_FINITE = "it refuses NaN and infinity (ValueError: x must be finite); if that is meant, say "
_in_training = partial(finite, training=True)


@pytest.mark.parametrize(
    ("subject", "note", "passed", "not_applicable"),
    [
        (
            Subject.function(above_zero),
            f"{_POSITIVE}rate_zero=False",
            ("DP101", "DP201", "DP516"),
            "DP102",
        ),
        (Subject.linen(AboveZero), f"{_POSITIVE}rate_zero=False", ("DP111",), "DP602"),
        (
            Subject.function(finite),
            f"{_FINITE}nonfinite=False",
            ("DP101", "DP201"),
            "DP702",
        ),
        (
            Subject.function(_in_training, name="training"),
            f"{_FINITE}nonfinite=False",
            ("DP201",),
            "DP702",
        ),
        (
            Subject.function(finite, name="declared", inputs=("batch", 4)),
            f"{_FINITE}nonfinite=False",
            ("DP201",),
            "DP702",
        ),
    ],
)
def test_what_a_layer_refuses_is_a_note_that_names_its_option(
    subject: Subject, note: str, passed: tuple[str, ...], not_applicable: str
) -> None:
    """It is never red, and the other properties are judged without it."""
    assert probe(subject).notes == (note,)
    verdicts = {one: _JUDGE(subject, find(one)).verdict for one in passed}
    assert verdicts == dict.fromkeys(passed, Verdict.PASS)
    assert _JUDGE(subject, find(not_applicable)).verdict is Verdict.NOT_APPLICABLE


def test_an_option_that_says_it_leaves_no_note() -> None:
    """What is said is not tried."""
    assert probe(Subject.function(above_zero, rate_zero=False)).notes == ()
    assert probe(Subject.function(finite, nonfinite=False)).notes == ()


@pytest.mark.parametrize(
    ("layer", "property_id", "verdict"),
    [(above_zero, "DP102", Verdict.FAIL), (finite, "DP201", Verdict.ERROR)],
)
def test_a_layer_that_promises_everything_is_still_red(
    layer: Any, property_id: str, verdict: Verdict
) -> None:
    """Flax's own layers take every rate and every value."""
    subject = Subject.function(layer, takes="all")
    assert _JUDGE(subject, find(property_id)).verdict is verdict


def test_a_wrong_output_at_rate_zero_is_no_refusal() -> None:
    """Only an error is one."""
    subject = Subject.function(doubled_at_zero)
    assert probe(subject).subject.traits.rate_zero
    assert _JUDGE(subject, find("DP102")).verdict is Verdict.FAIL


def test_a_declared_nan_is_promised() -> None:
    """A layer that raises on an input that was declared for it has a fault."""
    whole = np.ones((4, 4), np.float32)
    holed = np.where(np.eye(4) > 0, np.nan, whole).astype(np.float32)
    assert not probe(Subject.function(finite, inputs=whole)).subject.traits.nonfinite
    assert probe(Subject.function(finite, inputs=holed)).subject.traits.nonfinite
