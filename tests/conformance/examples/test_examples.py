"""Each worked example does what its docstring says, and passes every property that applies."""

import re
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.engine import Judge, Settings
from dropout_props.engine.deviations import SHIPPED_LIST
from dropout_props.engine.snapshot.invalid_calls import answers
from dropout_props.engine.snapshot.masks import keep_counts
from dropout_props.environment.installed import probe
from dropout_props.layers import registry
from dropout_props.layers.examples.drop_path import DropPath
from dropout_props.layers.examples.gaussian_dropout import GaussianDropout
from dropout_props.layers.examples.gaussian_noise import GaussianNoise
from dropout_props.properties import CATALOGUE
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.subject import Subject


@lru_cache(maxsize=1)
def _judge() -> Judge:
    """One judge for all tests: it caches the properties that others depend on."""
    return Judge(replace(Settings.of(profile="smoke"), confirm=False), probe().versions)


@cache
def _subject(name: str) -> Subject:
    """The same subject for every property: the judge remembers it, not its name."""
    return registry.load(name)


@pytest.mark.nightly
@pytest.mark.parametrize("name", registry.EXAMPLES)
@pytest.mark.parametrize("prop", CATALOGUE, ids=lambda prop: prop.id)
def test_an_example_passes_every_property_that_applies(name: str, prop: Any) -> None:
    """A property passes, does not apply, or has a known deviation of every Linen layer."""
    subject = registry.load(name)
    result = _judge()(subject, prop)
    reason = prop.inapplicable(subject.traits)
    if reason is not None:
        assert (result.verdict, result.shown) == (Verdict.NOT_APPLICABLE, reason)
    else:
        general = {one.property_id for one in SHIPPED_LIST if one.is_general}
        allowed = (Verdict.PASS, Verdict.KNOWN) if prop.id in general else (Verdict.PASS,)
        assert result.verdict in allowed, result.shown
    assert "E[y]/x" not in result.shown or subject.traits.law == "dropout"


def test_examples_run_only_by_name() -> None:
    """A check without arguments runs no example; each has the name that lists it."""
    assert not set(registry.EXAMPLES) & set(registry.names())
    for name in registry.EXAMPLES:
        assert registry.load(name).name == name


def test_the_page_on_your_own_layer_makes_the_same_subjects() -> None:
    """Each line of code on the page gives the traits of the example that it makes."""
    text = (Path(__file__).parents[3] / "docs/your-own-layer.md").read_text(encoding="utf-8")
    lines = re.findall(r"^Subject\.linen\(.*\)$", text, flags=re.MULTILINE)
    assert len(lines) == len(registry.EXAMPLES)
    layers = {layer.__name__: layer for layer in (DropPath, GaussianNoise, GaussianDropout)}
    defined = re.findall(r"^def (?:added|factor)\(.*\n.*$", text, flags=re.MULTILINE)
    names: dict[str, Any] = {"Subject": Subject, **layers}
    exec("\n".join(defined), names)  # noqa: S102 (our own page)
    for line in lines:
        made: Subject = eval(line, names)  # noqa: S307
        shipped = registry.load(f"examples.{made.name}")
        spread = made.traits.spread
        assert made.traits == replace(shipped.traits, derivation=None, spread=spread)
        if spread is not None:
            assert shipped.traits.spread is not None
            assert spread(-3.0, 0.2) == pytest.approx(shipped.traits.spread(-3.0, 0.2))


@pytest.mark.parametrize("name", registry.EXAMPLES)
def test_a_snapshot_counts_units_that_come_through(name: str) -> None:
    """Three calls and three layers differ; the count of units agrees with the probability."""
    subject = registry.load(name)
    seen = {one.mistake: one.message for one in answers(subject)}
    assert seen["three calls in one application"] == "3 different masks"
    assert seen["three layers in one model"] == "3 different masks"
    noise = subject.traits.law == "noise"
    assert ("gradient" in seen) is not noise
    for count in keep_counts(subject):
        probability = 0.5 if noise else 1.0 - count.rate
        assert count.lowest <= probability <= count.highest
        assert abs(count.kept / count.units - probability) < 0.01


def test_drop_path_drops_rows(x: Any, key: Any) -> None:
    """A row is 0 or twice the input, at rate 0.5; both occur."""
    y = np.asarray(DropPath(0.5).apply({}, x, rngs={"dropout": key}))
    dropped = (y == 0).all(axis=1)
    np.testing.assert_array_equal(y[~dropped], 2 * np.asarray(x)[~dropped])
    assert 0 < dropped.sum() < len(x)


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_an_invalid_rate_is_refused(rate: float, x: Any, key: Any) -> None:
    """DropPath takes rates in [0, 1], GaussianDropout in [0, 1)."""
    with pytest.raises(ValueError, match=r"is not a probability; give a number from 0 to 1\b"):
        DropPath(rate).apply({}, x, rngs={"dropout": key})
    with pytest.raises(ValueError, match=r"is not in \[0, 1\); give a number below 1\b"):
        GaussianDropout(1.0 if rate > 1 else rate).apply({}, x, rngs={"dropout": key})


@pytest.mark.parametrize(
    ("layer", "deviation"), [(GaussianNoise(0.25), 0.25), (GaussianDropout(0.2), 0.5)]
)
def test_noise_has_the_declared_standard_deviation(layer: Any, deviation: float, key: Any) -> None:
    """With 2^16 units the estimate has a standard error of 0.3 %."""
    ones = jnp.ones(2**16)
    noise = np.asarray(layer.apply({}, ones, rngs={"dropout": key}), np.float64) - 1
    assert abs(noise.std() / deviation - 1) < 0.02
    assert abs(noise.mean()) < 0.02 * deviation
