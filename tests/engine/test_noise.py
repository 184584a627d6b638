"""Noise is judged by its size and its law, where the layer names them."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from dropout_props.cases.case import Case
from dropout_props.engine import Judge, Settings
from dropout_props.environment.installed import probe
from dropout_props.properties import find
from dropout_props.properties.sampler import Sampler
from dropout_props.results.verdict import Verdict
from dropout_props.statistics.noise import within
from dropout_props.subjects.subject import Subject

_JUDGE = Judge(Settings.of(profile="smoke"), probe().conditions)
_DRAWS: Any = {
    "normal": lambda key, x: jax.random.normal(key, x.shape, x.dtype),
    "uniform": lambda key, x: 3**0.5 * jax.random.uniform(key, x.shape, x.dtype, -1, 1),
    "laplace": lambda key, x: jax.random.laplace(key, x.shape, x.dtype) / 2**0.5,
}


def _spread(reference: Any, rate: float) -> Any:
    return abs(reference) * (rate / (1 - rate)) ** 0.5


def _layer(drawn: str, *, factor: float = 1.0, **options: Any) -> Subject:
    def noisy(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
        noise = factor * (rate / (1 - rate)) ** 0.5 * _DRAWS[drawn](key, x)
        return x if deterministic else x * (1 + noise)

    traits: Any = {"law": "noise", "spread": _spread, "rate_one": False, **options}
    return Subject.function(noisy, **traits)


@pytest.mark.parametrize("law", _DRAWS)
def test_each_law_that_can_be_named_has_its_centres(law: str) -> None:
    """The laws have the standard deviation 1, as SciPy computes it."""
    known: Any = {
        "normal": stats.norm(),
        "uniform": stats.uniform(-(3**0.5), 2 * 3**0.5),
        "laplace": stats.laplace(scale=0.5**0.5),
    }[law]
    for mass in (0.5, 0.9):
        bound = within(law, mass)
        assert known.cdf(bound) - known.cdf(-bound) == pytest.approx(mass, rel=1e-9)


@pytest.mark.parametrize("law", ["normal", "laplace"])
def test_noise_of_the_declared_size_passes(law: Any) -> None:
    """Whatever the law is called, if it is the one that the layer draws from."""
    result = _JUDGE(_layer(law, noise=law), find("DP207"))
    assert result.verdict is Verdict.PASS, result.shown


@pytest.mark.parametrize(
    ("law", "options"),
    [("normal", {"factor": 0.97}), ("uniform", {}), ("normal", {"noise": "uniform"})],
)
def test_another_size_or_another_law_fails(law: str, options: Any) -> None:
    """Every other property of the layer holds; a correct layer passes the same count."""
    result = _JUDGE(_layer(law, **options), find("DP207"))
    assert result.verdict is Verdict.FAIL
    assert "was expected" in result.shown
    assert result.failure is not None
    assert "a correct layer through the same count did not fail" in result.failure.confirmation


def test_rounding_beside_a_large_input_accuses_nobody() -> None:
    """The further the noise is below the input, the less the count can say."""
    subject = _layer("normal", inputs=np.full((4, 8), 2.0**20, np.float32))
    [small, large] = [
        Sampler(one, Case(shape=(4, 8), rate=0.001, values=values), "DP207", 0)
        for one, values in ((_layer("normal"), "small"), (subject, subject.traits.inputs[0].name))
    ]
    for sampler in (small, large):
        _, rounding = sampler.noise(sampler.keys(2))
        assert 1e-6 < rounding < 1e-4
    added = _layer("normal", spread=lambda _reference, rate: rate)
    _, rounding = Sampler(added, large.case, "DP207", 0).noise(large.keys(2))
    assert rounding > 100


def test_a_layer_that_names_no_size_is_not_judged_by_it() -> None:
    """The property does not apply, and says what is missing."""
    result = _JUDGE(_layer("normal", spread=None), find("DP207"))
    assert result.verdict is Verdict.NOT_APPLICABLE
    assert "how large a noise" in result.shown


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"law": "dropout"}, "of a layer with law='noise'"),
        ({"spread": 0.1}, "give a function of the reference and the rate"),
        ({"spread": None, "noise": "laplace"}, "give spread too"),
        ({"noise": "cauchy"}, "it must be one of 'normal', 'uniform', 'laplace'"),
    ],
)
def test_a_size_that_means_nothing_is_refused(options: Any, words: str) -> None:
    """The message names the option, its value and what to give."""
    with pytest.raises(ValueError, match=words):
        _layer("normal", **options)


def test_a_unit_without_noise_is_not_counted() -> None:
    """An input of 0 has no noise where the noise is a factor."""
    x = jnp.asarray([0.0, 1.0, 2.0, 0.0])
    subject = _layer("normal", inputs=x)
    case = Case(shape=(4,), rate=0.5, values=subject.traits.inputs[0].name)
    sampler = Sampler(subject, case, "DP207", 0)
    sizes, _ = sampler.noise(sampler.keys(3))
    assert sizes.shape == (6,)
