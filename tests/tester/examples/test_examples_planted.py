"""Bugs planted in the worked examples: each is refuted by the property that is about it.

That the examples themselves pass these properties, `test_examples.py` says.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.engine import Judge, Settings
from dropout_props.properties import find
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.subject import Subject

_SETTINGS = replace(Settings.of(profile="smoke"), confirm=False)

DROP_PATH = {"shares_rest": True, "min_rank": 1}
NOISE: Any = {"law": "noise"}


def _normal(key: Any, x: Any) -> Any:
    return jax.random.normal(key, x.shape, x.dtype)


def _stddev(rate: float) -> float:
    return float(np.sqrt(rate / (1 - rate)))


def _coins(key: Any, x: Any, rate: float, shape: Any) -> Any:
    return jnp.where(jax.random.bernoulli(key, 1 - rate, shape), x / (1 - rate), 0)


def unscaled(key: Any, x: Any, rate: float) -> Any:
    """Rows are dropped, and those that are kept stay as they are."""
    return (1 - rate) * _coins(key, x, rate, (x.shape[0],) + (1,) * (x.ndim - 1))


def coin_a_unit(key: Any, x: Any, rate: float) -> Any:
    """Dropout."""
    return _coins(key, x, rate, x.shape)


def coin_a_column(key: Any, x: Any, rate: float) -> Any:
    """The last axis has the coins."""
    return _coins(key, x, rate, (1,) * (x.ndim - 1) + x.shape[-1:])


def coin_a_batch(key: Any, x: Any, rate: float) -> Any:
    """All rows are dropped together."""
    return _coins(key, x, rate, (1,) * x.ndim)


def coin_of_two_rows(key: Any, x: Any, rate: float) -> Any:
    """The second half of the rows is dropped where the first half is."""
    coins = jax.random.bernoulli(key, 1 - rate, ((x.shape[0] + 1) // 2,) + (1,) * (x.ndim - 1))
    both = jnp.concatenate([coins, coins])[: x.shape[0]]
    return jnp.where(both, x / (1 - rate), 0)


def off_centre(key: Any, x: Any, rate: float) -> Any:
    """The mean of the noise is a twentieth of its deviation."""
    return x + rate * (_normal(key, x) + 0.05)


def same_in_every_call(_key: Any, x: Any, rate: float) -> Any:
    """The key is not used."""
    return x + rate * _normal(jax.random.PRNGKey(0), x)


def few_noises(key: Any, x: Any, rate: float) -> Any:
    """Eight bits of the key are."""
    word = (key if key.dtype == jnp.uint32 else jax.random.key_data(key))[..., -1]
    return x + rate * _normal(jax.random.PRNGKey(word % 256), x)


def half_noised(key: Any, x: Any, rate: float) -> Any:
    """The last unit is left as it is."""
    noise = _normal(key, x).reshape(-1).at[-1:].set(0)
    return x + rate * noise.reshape(x.shape)


def shared_by_halves(key: Any, x: Any, rate: float) -> Any:
    """The second half has the noise of the first."""
    half = _normal(key, jnp.zeros((x.size + 1) // 2, x.dtype))
    noise = jnp.concatenate([half, half])[: x.size].reshape(x.shape)
    return x * (1 + _stddev(rate) * noise)


def opposed_neighbours(key: Any, x: Any, rate: float) -> Any:
    """Each second unit has the noise of the one before it with the other sign."""
    half = _normal(key, jnp.zeros((x.size + 1) // 2, x.dtype))
    noise = jnp.stack([half, -half], axis=1).reshape(-1)[: x.size].reshape(x.shape)
    return x * (1 + _stddev(rate) * noise)


def only_more(key: Any, x: Any, rate: float) -> Any:
    """No unit becomes smaller."""
    return x * (1 + _stddev(rate) * jnp.abs(_normal(key, x)))


def other_under_jit(key: Any, x: Any, rate: float) -> Any:
    """A traced input gets the noise backwards."""
    noise = _normal(key, x)
    return x * (1 + _stddev(rate) * (-noise if isinstance(x, jax.core.Tracer) else noise))


class Planted(nn.Module):
    """A layer on the pattern of the examples, with another rule."""

    rate: float
    rule: Callable[..., Any]
    in_evaluation: bool = False

    @nn.compact
    def __call__(self, x: Any, *, deterministic: bool = False) -> Any:
        """Apply the rule in training."""
        if self.rate == 0.0 or (deterministic and not self.in_evaluation):
            return x
        if deterministic:
            return self.rule(jax.random.PRNGKey(0), x, self.rate)
        return self.rule(self.make_rng("dropout"), x, self.rate)


BUGS: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
    "DropPath, unscaled": (unscaled, DROP_PATH, "DP201"),
    "DropPath, a coin a unit": (coin_a_unit, DROP_PATH, "DP302"),
    "DropPath, a coin a column": (coin_a_column, DROP_PATH, "DP302"),
    "DropPath, a coin a batch": (coin_a_batch, DROP_PATH, "DP205"),
    "DropPath, a coin of two rows": (coin_of_two_rows, DROP_PATH, "DP301"),
    "GaussianNoise, off centre": (off_centre, NOISE, "DP202"),
    "GaussianNoise, the same in every call": (same_in_every_call, NOISE, "DP402"),
    "GaussianNoise, two calls alike": (same_in_every_call, NOISE, "DP403"),
    "GaussianNoise, two layers alike": (same_in_every_call, NOISE, "DP404"),
    "GaussianNoise, few noises": (few_noises, NOISE, "DP407"),
    "GaussianNoise, its last unit left": (half_noised, NOISE, "DP204"),
    "GaussianDropout, shared by halves": (shared_by_halves, NOISE, "DP301"),
    "GaussianDropout, opposed neighbours": (opposed_neighbours, NOISE, "DP205"),
    "GaussianDropout, other under jit": (other_under_jit, NOISE, "DP501"),
    "GaussianDropout, only more": (only_more, NOISE, "DP202"),
}


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_refuted(name: str) -> None:
    """By the property that is about it, whose blockers hold."""
    rule, traits, property_id = BUGS[name]

    def build(rate: float) -> Planted:
        return Planted(rate, rule)

    result = Judge(_SETTINGS, {})(Subject.linen(build, name="planted", **traits), find(property_id))
    assert result.verdict is Verdict.FAIL, result.shown


def test_noise_in_evaluation_is_refuted() -> None:
    """Evaluation returns the input."""

    def build(rate: float) -> Planted:
        return Planted(rate, off_centre, in_evaluation=True)

    noisy = Subject.linen(build, name="planted", **NOISE)
    assert Judge(_SETTINGS, {})(noisy, find("DP101")).verdict is Verdict.FAIL
