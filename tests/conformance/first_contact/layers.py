"""The layer of every tutorial, in both APIs."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import nnx
from jax.random import bernoulli


class Textbook(nn.Module):
    """Dropout as a first lesson writes it: it returns early, and masks x / keep."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, deterministic: bool) -> Any:
        """Return `x` in evaluation and at rate 0, else a masked and scaled copy."""
        if deterministic or self.rate == 0.0:
            return x
        keep_prob = 1.0 - self.rate
        mask = jax.random.bernoulli(self.make_rng("dropout"), p=keep_prob, shape=x.shape)
        return jnp.where(mask, x / keep_prob, 0.0)


class TextbookNNX(nnx.Module):
    """The same layer in NNX."""

    def __init__(self, rate: float, *, rngs: nnx.Rngs) -> None:
        self.rate = rate
        self.rngs = rngs

    def __call__(self, x: Any, *, deterministic: bool = False) -> Any:
        """Return `x` in evaluation and at rate 0, else a masked and scaled copy."""
        if deterministic or self.rate == 0.0:
            return x
        keep_prob = 1.0 - self.rate
        mask = jax.random.bernoulli(self.rngs.dropout(), p=keep_prob, shape=x.shape)
        return jnp.where(mask, x / keep_prob, 0.0)


class Beside(nn.Module):
    """A model with Flax's own Dropout, and masks of its own from a sampler that it imported."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, deterministic: bool) -> Any:
        """Return `x` in evaluation, else what two masks leave of it."""
        if deterministic:
            return x
        mask = bernoulli(self.make_rng("dropout"), 1.0 - self.rate, x.shape)
        return nn.Dropout(self.rate)(jnp.where(mask, x, 0.0), deterministic=False)


class WithDropout(nn.Module):
    """A model whose masks are those of Flax's own Dropout."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, deterministic: bool) -> Any:
        """Return twice what Dropout returns."""
        return 2 * nn.Dropout(self.rate)(x, deterministic=deterministic)
