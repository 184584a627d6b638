"""Dropout that scales in evaluation instead of training, and what is wrong with others."""

from dataclasses import replace
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.engine import Judge, Settings
from dropout_props.environment.installed import probe as installed
from dropout_props.properties import find
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.rounding import is_product
from dropout_props.subjects.subject import Subject

_SETTINGS = replace(Settings.of(profile="smoke"), confirm=False)
_JUDGE = Judge(_SETTINGS, installed().conditions)
_SAID: Any = {"kept": "unscaled", "evaluation": "scaled"}


def masked(key: Any, x: Any, keep: float) -> Any:
    """Return the input where a coin keeps it."""
    return jnp.where(jax.random.bernoulli(key, keep, x.shape), x, 0)


def first_paper(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Training masks, evaluation scales."""
    return x * (1 - rate) if deterministic else masked(key, x, 1 - rate)


def evaluation_unscaled(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Scaled in no mode."""
    return x if deterministic else masked(key, x, 1 - rate)


def evaluation_twice(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Scaled twice in evaluation."""
    return x * (1 - rate) ** 2 if deterministic else masked(key, x, 1 - rate)


def both(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Scaled in both modes."""
    keep = 1 - rate
    return x * keep if deterministic else masked(key, x / keep, keep)


def seldom(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Keeps too few: the mean of training is not the evaluation output."""
    return x * (1 - rate) if deterministic else masked(key, x, 0.9 * (1 - rate))


class FirstPaper(nn.Module):
    """The same as a layer of Linen."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, deterministic: bool) -> Any:
        """Return the output."""
        if self.rate == 0:
            return x
        key = None if deterministic else self.make_rng("dropout")
        return first_paper(key, x, self.rate, deterministic)


class Model(nn.Module):
    """A model around it, or around one that drops in evaluation too."""

    rate: float
    drops: bool = False

    @nn.compact
    def __call__(self, x: Any, deterministic: bool) -> Any:
        """Return the output."""
        return FirstPaper(self.rate)(nn.Dense(4)(x), deterministic and not self.drops)


@pytest.mark.parametrize("property_id", ["DP101", "DP102", "DP111", "DP201", "DP203"])
def test_a_layer_that_scales_in_evaluation_is_right(property_id: str) -> None:
    """Evaluation is keep times the input at every rate, and training does not scale."""
    found = _JUDGE(Subject.linen(FirstPaper, **_SAID), find(property_id))
    assert found.verdict is Verdict.PASS, found.shown


@pytest.mark.parametrize(
    ("layer", "property_id"),
    [
        (evaluation_unscaled, "DP101"),
        (evaluation_twice, "DP101"),
        (both, "DP201"),
        (seldom, "DP203"),
    ],
)
def test_another_evaluation_or_scale_is_wrong(layer: Any, property_id: str) -> None:
    """What is said is what is judged."""
    found = _JUDGE(Subject.function(layer, **_SAID), find(property_id))
    assert found.verdict is Verdict.FAIL, found.shown


@pytest.mark.parametrize("options", [{}, {"kept": "unscaled"}])
def test_a_layer_that_does_not_say_so_fails_and_learns_the_option(options: Any) -> None:
    """By default an evaluation returns its input."""
    judge = Judge(replace(_SETTINGS, confirm=True), installed().conditions)
    found = judge(Subject.function(first_paper, **options), find("DP101"))
    assert found.verdict is Verdict.FAIL
    assert found.failure is not None
    assert "say kept='unscaled' and evaluation='scaled'" in found.failure.diagnosis


def test_the_evaluation_of_a_model_around_it_may_depend_on_the_rate() -> None:
    """On the rate alone: where it drops, it fails."""
    model = Subject.linen(Model, kind="model", evaluation="scaled")
    assert _JUDGE(model, find("DP101")).verdict is Verdict.PASS
    unsaid = Subject.linen(Model, name="unsaid", kind="model")
    assert _JUDGE(unsaid, find("DP101")).verdict is Verdict.FAIL

    def dropping(rate: float) -> nn.Module:
        return Model(rate, drops=True)

    drops = Subject.linen(dropping, kind="model", evaluation="scaled")
    assert _JUDGE(drops, find("DP101")).verdict is Verdict.FAIL


@pytest.mark.parametrize("options", [{}, {"kept": "unscaled", "dropped": -1.0}, {"law": "noise"}])
def test_it_is_said_of_layers_that_do_not_scale_in_training(options: Any) -> None:
    """Anything else has another mean in evaluation."""
    with pytest.raises(ValueError, match="evaluation='scaled': evaluation returns keep times"):
        Subject.function(first_paper, evaluation="scaled", **options)


def test_a_product_is_right_to_the_rounding_of_its_dtype() -> None:
    """The factor may be rounded first; at keep 0 a number that is not finite may be 0."""
    x = np.arange(1.0, 62.0, dtype=np.float16)
    assert is_product(x * np.float16(0.7), x, 0.7).all()
    assert is_product((x * 0.7).astype(np.float16), x, 0.7).all()
    assert not is_product(x * np.float16(0.71), x, 0.7).any()
    special = np.array([np.nan, np.inf, 2.0], np.float32)
    assert is_product(np.zeros(3, np.float32), special, 0.0).all()
    assert is_product(np.array([np.nan, np.nan, 0.0], np.float32), special, 0.0).all()
    assert not is_product(special, special, 0.5)[2]
