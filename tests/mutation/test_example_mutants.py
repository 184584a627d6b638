"""Mutants of the worked examples: the property that describes the bug fails on each.

`test_examples.py` shows that the examples themselves pass these properties.
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


def _dropout(key: Any, x: Any, rate: float, shape: Any) -> Any:
    return jnp.where(jax.random.bernoulli(key, 1 - rate, shape), x / (1 - rate), 0)


def unscaled(key: Any, x: Any, rate: float) -> Any:
    """Kept rows are not scaled."""
    return (1 - rate) * _dropout(key, x, rate, (x.shape[0],) + (1,) * (x.ndim - 1))


def trial_per_unit(key: Any, x: Any, rate: float) -> Any:
    """One trial per unit, which is dropout."""
    return _dropout(key, x, rate, x.shape)


def trial_per_column(key: Any, x: Any, rate: float) -> Any:
    """One trial per index of the last axis."""
    return _dropout(key, x, rate, (1,) * (x.ndim - 1) + x.shape[-1:])


def trial_per_batch(key: Any, x: Any, rate: float) -> Any:
    """One trial for the whole batch."""
    return _dropout(key, x, rate, (1,) * x.ndim)


def trial_for_two_rows(key: Any, x: Any, rate: float) -> Any:
    """The second half of the rows repeats the trials of the first half."""
    kept = jax.random.bernoulli(key, 1 - rate, ((x.shape[0] + 1) // 2,) + (1,) * (x.ndim - 1))
    both = jnp.concatenate([kept, kept])[: x.shape[0]]
    return jnp.where(both, x / (1 - rate), 0)


def off_centre(key: Any, x: Any, rate: float) -> Any:
    """The mean of the noise is a twentieth of its standard deviation."""
    return x + rate * (_normal(key, x) + 0.05)


def same_in_every_call(_key: Any, x: Any, rate: float) -> Any:
    """The noise does not depend on the key."""
    return x + rate * _normal(jax.random.PRNGKey(0), x)


def few_noises(key: Any, x: Any, rate: float) -> Any:
    """The noise depends on eight bits of the key."""
    word = (key if key.dtype == jnp.uint32 else jax.random.key_data(key))[..., -1]
    return x + rate * _normal(jax.random.PRNGKey(word % 256), x)


def half_noised(key: Any, x: Any, rate: float) -> Any:
    """The last unit has no noise."""
    noise = _normal(key, x).reshape(-1).at[-1:].set(0)
    return x + rate * noise.reshape(x.shape)


def shared_by_halves(key: Any, x: Any, rate: float) -> Any:
    """The second half has the noise of the first half."""
    half = _normal(key, jnp.zeros((x.size + 1) // 2, x.dtype))
    noise = jnp.concatenate([half, half])[: x.size].reshape(x.shape)
    return x * (1 + _stddev(rate) * noise)


def opposed_neighbours(key: Any, x: Any, rate: float) -> Any:
    """Every second unit has the negated noise of the unit before it."""
    half = _normal(key, jnp.zeros((x.size + 1) // 2, x.dtype))
    noise = jnp.stack([half, -half], axis=1).reshape(-1)[: x.size].reshape(x.shape)
    return x * (1 + _stddev(rate) * noise)


def only_more(key: Any, x: Any, rate: float) -> Any:
    """The noise never makes a unit smaller."""
    return x * (1 + _stddev(rate) * jnp.abs(_normal(key, x)))


def other_under_jit(key: Any, x: Any, rate: float) -> Any:
    """A traced input has the negated noise."""
    noise = _normal(key, x)
    return x * (1 + _stddev(rate) * (-noise if isinstance(x, jax.core.Tracer) else noise))


class Mutant(nn.Module):
    """A layer like the examples, with another rule."""

    rate: float
    rule: Callable[..., Any]
    in_evaluation: bool = False

    @nn.compact
    def __call__(self, x: Any, *, deterministic: bool = False) -> Any:
        """Apply the rule in training mode."""
        if self.rate == 0.0 or (deterministic and not self.in_evaluation):
            return x
        if deterministic:
            return self.rule(jax.random.PRNGKey(0), x, self.rate)
        return self.rule(self.make_rng("dropout"), x, self.rate)


BUGS: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
    "DropPath, unscaled": (unscaled, DROP_PATH, "DP201"),
    "DropPath, one trial per unit": (trial_per_unit, DROP_PATH, "DP302"),
    "DropPath, one trial per column": (trial_per_column, DROP_PATH, "DP302"),
    "DropPath, one trial per batch": (trial_per_batch, DROP_PATH, "DP205"),
    "DropPath, one trial for two rows": (trial_for_two_rows, DROP_PATH, "DP301"),
    "GaussianNoise, off centre": (off_centre, NOISE, "DP202"),
    "GaussianNoise, the same in every call": (same_in_every_call, NOISE, "DP402"),
    "GaussianNoise, two calls alike": (same_in_every_call, NOISE, "DP403"),
    "GaussianNoise, two layers alike": (same_in_every_call, NOISE, "DP404"),
    "GaussianNoise, few noises": (few_noises, NOISE, "DP407"),
    "GaussianNoise, last unit without noise": (half_noised, NOISE, "DP204"),
    "GaussianDropout, shared by halves": (shared_by_halves, NOISE, "DP301"),
    "GaussianDropout, opposed neighbours": (opposed_neighbours, NOISE, "DP205"),
    "GaussianDropout, other under jit": (other_under_jit, NOISE, "DP501"),
    "GaussianDropout, only more": (only_more, NOISE, "DP202"),
}


@pytest.mark.parametrize("name", BUGS)
def test_a_mutant_is_killed(name: str) -> None:
    """The property that describes the bug fails, and is not BLOCKED."""
    rule, traits, property_id = BUGS[name]

    def build(rate: float) -> Mutant:
        return Mutant(rate, rule)

    result = Judge(_SETTINGS, {})(Subject.linen(build, name="mutant", **traits), find(property_id))
    assert result.verdict is Verdict.FAIL, result.shown


def test_noise_in_evaluation_fails() -> None:
    """DP101 requires that evaluation returns the input."""

    def build(rate: float) -> Mutant:
        return Mutant(rate, off_centre, in_evaluation=True)

    noisy = Subject.linen(build, name="mutant", **NOISE)
    assert Judge(_SETTINGS, {})(noisy, find("DP101")).verdict is Verdict.FAIL
