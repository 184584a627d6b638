"""Layers that drop without coins: the noise of Gaussian dropout, the order of dropped tokens."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from flax import linen as nn

import dropout_props
from dropout_props.auditing import Record

X = jnp.ones((8, 4, 16))


class GaussianDropout(nn.Module):
    """A dropout that multiplies by noise around 1."""

    rate: float

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Multiply."""
        noise = jax.random.normal(self.make_rng("dropout"), x.shape)
        return x * (1 + (self.rate / (1 - self.rate)) ** 0.5 * noise)


class PatchDropout(nn.Module):
    """A dropout that keeps some tokens of each example."""

    rate: float

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Keep the first tokens in an order of each example."""
        keys = jax.random.split(self.make_rng("dropout"), len(x))
        order = jax.vmap(lambda key: jax.random.permutation(key, x.shape[1]))(keys)
        return jnp.take_along_axis(x, order[:, : int(x.shape[1] * (1 - self.rate)), None], 1)


def recorded(layer: nn.Module, seed: Callable[[int], int]) -> Record:
    """Call a layer in three steps."""
    with dropout_props.record() as record:
        for number in range(3):
            record.step()
            layer.apply({}, X, rngs={"dropout": jax.random.key(seed(number))})
    return record


@pytest.mark.parametrize("layer", [GaussianDropout(0.25), PatchDropout(0.5)])
def test_a_layer_that_drops_without_coins_is_active(layer: nn.Module) -> None:
    """It passes, and a note says that its rate is not judged."""
    record = recorded(layer, lambda number: number)
    record.check(strict=True)
    assert "it draws no coins, so its rate is not judged" in record.report()


@pytest.mark.parametrize("layer", [GaussianDropout(0.25), PatchDropout(0.5)])
def test_one_key_for_all_its_steps_is_named(layer: nn.Module) -> None:
    """Its keys are judged as those of any other dropout."""
    assert {"DP905", "DP907"} <= recorded(layer, lambda _: 0).judgement.failed
