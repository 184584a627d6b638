"""What a subject holds and says makes it a model, and a wrong evaluation never does."""

from dataclasses import replace
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dropout_props.cases.case import TOKENS, Case
from dropout_props.engine import Judge, Settings
from dropout_props.engine.cases import explicit_cases
from dropout_props.engine.probe import probe
from dropout_props.environment.installed import probe as installed
from dropout_props.properties import find
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.subject import Subject

_SETTINGS = replace(Settings.of(profile="smoke"), confirm=False)
_JUDGE = Judge(_SETTINGS, installed().conditions)


class Normed(nn.Module):
    """Layers without parameters, one behind the other."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, deterministic: bool) -> Any:
        """Return the output."""
        x = nn.LayerNorm(use_bias=False, use_scale=False)(x)
        return nn.Dropout(self.rate)(x, deterministic=deterministic)


class CentredNNX(nnx.Module):
    """A module of NNX that holds nothing, whatever the release."""

    def __call__(self, x: Any) -> Any:
        """Return the distances from the mean."""
        return x - x.mean(axis=-1, keepdims=True)


class NormedNNX(nnx.Module):
    """Such a module and a dropout."""

    def __init__(self, rate: float, *, rngs: nnx.Rngs) -> None:
        self.norm = CentredNNX()
        self.drop = nnx.Dropout(rate, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        """Return the output."""
        return self.drop(self.norm(x))


class Coins(nn.Module):
    """A submodule that draws a mask."""

    rate: float

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Return the mask."""
        return jax.random.bernoulli(self.make_rng("dropout"), 1 - self.rate, x.shape)


class Same(nn.Module):
    """A submodule that does nothing."""

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Return the input."""
        return x


class Wrapped(nn.Module):
    """Dropout from submodules: `evaluated` makes its evaluation wrong, or right as it is."""

    rate: float
    evaluated: Any = None
    helper: bool = False

    @nn.compact
    def __call__(self, x: Any, deterministic: bool) -> Any:
        """Return the output."""
        x = Same()(x) if self.helper else x
        if deterministic:
            return x if self.evaluated is None else self.evaluated(x, self.rate)
        return jnp.where(Coins(self.rate)(x), x / (1 - self.rate), 0)


class WrappedNNX(nnx.Module):
    """A layer around Flax's own, whose evaluation is 0.99 times its input."""

    def __init__(self, rate: float, *, rngs: nnx.Rngs) -> None:
        self.drop = nnx.Dropout(rate, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        """Return the output."""
        return x * 0.99 if self.drop.deterministic else self.drop(x)


class StillDrops(nn.Module):
    """A model that drops in evaluation too."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, deterministic: bool) -> Any:  # noqa: ARG002
        """Return the output."""
        x = nn.LayerNorm(use_bias=False, use_scale=False)(x)
        return nn.Dropout(self.rate)(x, deterministic=False)


class Gain(nn.Module):
    """A model with a parameter, whose dropout does not scale."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, deterministic: bool) -> Any:
        """Return the output."""
        x = nn.Dense(4)(x)
        return x if deterministic else jnp.where(Coins(self.rate)(x), x, 0)


class Words(nn.Module):
    """Replaces whole tokens by the id 0, and takes nothing but ids."""

    rate: float

    @nn.compact
    def __call__(self, ids: Any, deterministic: bool) -> Any:
        """Return ids."""
        if not jnp.issubdtype(ids.dtype, jnp.integer):
            raise TypeError("ids")
        if deterministic or self.rate == 0:
            return ids
        return jnp.where(Coins(self.rate)(ids), ids, 0)


def squashed(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """A function that transforms its input before it drops: nothing shows that it is meant to."""
    y = jnp.tanh(x / 20)
    if deterministic or rate == 0.0:
        return y
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), y / (1 - rate), 0)


def _scaled(x: Any, rate: float) -> Any:
    return x * (1 - rate)


def _smaller(x: Any, _: float) -> Any:
    return x * 0.99


@pytest.mark.parametrize(
    ("subject", "other"),
    [(Subject.linen(Normed), "LayerNorm"), (Subject.nnx(NormedNNX), "CentredNNX")],
)
def test_a_submodule_without_parameters_makes_a_model(subject: Subject, other: str) -> None:
    """Its evaluation is the reference, and a note says so."""
    found = probe(subject)
    assert found.subject.traits.kind == "model"
    assert f"other submodules beside its dropout ({other})" in found.notes[0]
    assert {_JUDGE(subject, find(one)).verdict for one in ("DP101", "DP802")} == {Verdict.PASS}


@pytest.mark.parametrize(
    "subject",
    [
        Subject.linen(partial(Wrapped, evaluated=_smaller), name="smaller"),
        Subject.linen(partial(Wrapped, evaluated=_scaled), name="scaled"),
        Subject.nnx(WrappedNNX),
        Subject.linen(StillDrops),
    ],
)
def test_a_wrong_evaluation_makes_no_model(subject: Subject) -> None:
    """Submodules that draw are the dropout itself; an evaluation that drops is wrong in a model."""
    assert _JUDGE(subject, find("DP101")).verdict is Verdict.FAIL


def test_a_layer_with_a_submodule_that_changes_nothing_is_a_layer() -> None:
    """Its evaluation returns its input, so that its mask can be judged."""
    subject = Subject.linen(partial(Wrapped, helper=True), name="helped")
    assert probe(subject).subject.traits.kind is None
    assert probe(subject).notes == ()


def test_what_may_be_a_model_is_told_how_to_say_so() -> None:
    """The diagnosis names the option; a factor of the input is named as such."""
    for property_id in ("DP101", "DP201"):
        judge = Judge(replace(_SETTINGS, confirm=True), installed().conditions)
        failed = judge(Subject.function(squashed), find(property_id))
        assert failed.verdict is Verdict.FAIL
        assert failed.failure is not None
        assert "say kind='model'" in failed.failure.diagnosis
    model = Subject.function(squashed, name="model", kind="model")
    assert _JUDGE(model, find("DP101")).verdict is Verdict.PASS


def test_a_model_of_token_ids_is_one_for_that_reason() -> None:
    """It has no parameters, and the note does not say so."""
    [model, *_] = probe(Subject.linen(Words)).notes
    assert "since it takes token ids" in model
    assert "kept='unscaled' and dropped=" in model


_WORDS = Subject.linen(Words, name="words", dropped=0.0, kept="unscaled", dtypes=("int32",))


@pytest.mark.parametrize(
    "property_id",
    ["DP101", "DP201", "DP202", pytest.param("DP307", marks=pytest.mark.nightly)],
)
def test_a_layer_that_drops_tokens_is_judged_as_it_says(property_id: str) -> None:
    """What it declares makes it a layer, and no input of it is the id of a dropped token."""
    assert probe(_WORDS).subject.traits.kind is None
    found = _JUDGE(_WORDS, find(property_id))
    assert found.verdict is Verdict.PASS, found.shown


def unscaled(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Dropout that does not scale, of any dtype."""
    if deterministic or rate == 0.0:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x, jnp.zeros_like(x))


@pytest.mark.parametrize("subject", [_WORDS, Subject.function(unscaled, kept="unscaled")])
def test_a_layer_that_scales_nothing_need_not_reject_integers(subject: Subject) -> None:
    """Whether its inputs are token ids, or any numbers, integers hold what it returns."""
    assert _JUDGE(subject, find("DP108")).verdict is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("dropped", "ids"), [(0, {2, 3}), (1, {2, 3}), (3, {0, 1}), (None, {2, 3})]
)
def test_token_ids_differ_from_the_dropped_one(dropped: int | None, ids: set[int]) -> None:
    """A kept one would look dropped."""
    subject = replace(_WORDS, traits=replace(_WORDS.traits, dropped=dropped))
    for case in explicit_cases(find("DP202").decision, subject):
        assert set(np.unique(case.inputs())) == ids
    assert set(np.unique(Case(values=TOKENS, dtype="uint8").inputs())) == {2, 3}


def test_declared_values_that_a_model_hides_are_not_ignored_in_silence() -> None:
    """The note says that they are not used."""
    [model, *_] = probe(Subject.linen(Gain, kept="unscaled")).notes
    assert "dropped= and kept= are not used" in model
