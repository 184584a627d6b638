"""Right layers: written by hand, at rate 0 by configuration, sharing their masks by declaration."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx

from dropout_props.selftest.wirings.linen_models import FeedForward, linen_training
from dropout_props.selftest.wirings.nnx_models import nnx_training
from dropout_props.selftest.wirings.training import FEATURES, RATE, first_kernel
from tests.recording.programs.program import Program

__all__ = ["PROGRAMS", "DropPath"]


class Textbook(nn.Module):
    """The dropout layer that every tutorial writes."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, deterministic: bool) -> Any:
        if deterministic or self.rate == 0.0:
            return x
        keep_prob = 1.0 - self.rate
        mask = jax.random.bernoulli(self.make_rng("dropout"), p=keep_prob, shape=x.shape)
        return jnp.where(mask, x / keep_prob, 0.0)


class Uniform(nn.Module):
    """The same by uniform numbers, and a product instead of a choice."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, deterministic: bool) -> Any:
        if deterministic:
            return x
        numbers = jax.random.uniform(self.make_rng("dropout"), x.shape)
        return x * (numbers >= self.rate) / (1 - self.rate)


class DropPath(nn.Module):
    """Stochastic depth: one coin for each example."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, deterministic: bool) -> Any:
        """Drop whole examples."""
        if deterministic or self.rate == 0.0:
            return x
        shape = (x.shape[0],) + (1,) * (x.ndim - 1)
        mask = jax.random.bernoulli(self.make_rng("dropout"), 1 - self.rate, shape)
        return jnp.where(mask, x / (1 - self.rate), 0.0)


class StochasticDepth(nn.Module):
    """Stochastic depth that gives back what it drops, unscaled, as some vision models do."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, deterministic: bool) -> Any:
        if deterministic or self.rate == 0.0:
            return x
        shape = (x.shape[0],) + (1,) * (x.ndim - 1)
        return x * (1.0 - jax.random.bernoulli(self.make_rng("dropout"), self.rate, shape))


class _Residual(nn.Module):
    """A residual layer with a dropout that is called as `drop(x, deterministic)`."""

    drop: Callable[..., Any]
    rate: float = RATE

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        hidden = nn.gelu(nn.Dense(FEATURES)(x))
        hidden = self.drop(self.rate, name="drop")(hidden, deterministic=not train)
        return x + nn.Dense(FEATURES)(hidden)


class _FirstAtZero(nn.Module):
    """Layers whose rate grows from 0 with depth."""

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        for number, rate in enumerate((0.0, RATE)):
            x = x + FeedForward(rate, name=f"layer_{number}")(x, train=train)
        return x


class _BroadcastDims(nn.Module):
    """A layer whose dropout declares the axis along which it shares its mask."""

    axis: int

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        drop = nn.Dropout(RATE, broadcast_dims=(self.axis,), deterministic=not train)
        return x + nn.Dense(FEATURES)(drop(nn.gelu(nn.Dense(FEATURES)(x))))


class _NnxBroadcastDims(nnx.Module):
    """The same for NNX."""

    def __init__(self, *, rngs: nnx.Rngs) -> None:
        self.first = nnx.Linear(FEATURES, FEATURES, kernel_init=first_kernel, rngs=rngs)
        self.second = nnx.Linear(FEATURES, FEATURES, kernel_init=first_kernel, rngs=rngs)
        self.dropout = nnx.Dropout(RATE, broadcast_dims=(1,), rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return x + self.second(self.dropout(nnx.gelu(self.first(x))))


class _Normed(nn.Module):
    """A layer with a norm and an activation before its dropout."""

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        hidden = nn.LayerNorm()(nn.Dense(FEATURES)(x))
        hidden = nn.Dropout(RATE)(nn.relu(hidden), deterministic=not train)
        return x + nn.Dense(FEATURES)(hidden)


class _Attention(nn.Module):
    """Self attention with dropout, whose mask Flax shares over the batch and the heads."""

    broadcast: bool

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        attention = nn.MultiHeadDotProductAttention(
            num_heads=2, dropout_rate=RATE, broadcast_dropout=self.broadcast
        )
        return x + attention(x, deterministic=not train)


class _NnxAttention(nnx.Module):
    """The same for NNX."""

    def __init__(self, *, rngs: nnx.Rngs) -> None:
        self.attention = nnx.MultiHeadAttention(
            num_heads=2, in_features=FEATURES, dropout_rate=RATE, decode=False, rngs=rngs
        )
        self.deterministic = False
        self.rngs = rngs

    def __call__(self, x: Any) -> Any:
        return x + self.attention(x, deterministic=self.deterministic, rngs=self.rngs)


def _streams() -> nnx.Rngs:
    return nnx.Rngs(params=0, dropout=1)


PROGRAMS = (
    Program(
        name="textbook",
        api="linen",
        says="The dropout is a layer of the model's own, as tutorials write it.",
        run=linen_training(_Residual(Textbook)),
    ),
    Program(
        name="uniform",
        api="linen",
        says="The mask comes from uniform numbers, and the draw names no probability.",
        run=linen_training(_Residual(Uniform)),
    ),
    Program(
        name="drop_path",
        api="linen",
        says="One coin for each example, as DropPath means it, and as the options declare.",
        run=linen_training(_Residual(DropPath)),
        options={"expect_shared": {"*drop": (1, 2)}},
    ),
    Program(
        name="stochastic_depth",
        api="linen",
        says="One coin for each example, drawn at the drop rate, without a scale.",
        run=linen_training(_Residual(StochasticDepth)),
        options={"expect_shared": {"*drop": (1, 2)}, "ignore": {"*drop": ("DP904",)}},
    ),
    Program(
        name="first_layer_at_rate_zero",
        api="linen",
        says="The rate of the first layer is 0 by configuration.",
        run=linen_training(_FirstAtZero()),
        options={"rates": {"layer_0/*": 0.0, "layer_1/*": RATE}},
    ),
    Program(
        name="broadcast_dims",
        api="linen",
        says="The dropout declares that it shares its mask along the tokens.",
        run=linen_training(_BroadcastDims(1)),
    ),
    Program(
        name="broadcast_over_the_batch",
        api="linen",
        says="The dropout declares that it shares its mask along the batch.",
        run=linen_training(_BroadcastDims(0)),
    ),
    Program(
        name="broadcast_dims",
        api="nnx",
        says="The dropout declares that it shares its mask along the tokens.",
        run=nnx_training(lambda: _NnxBroadcastDims(rngs=_streams())),
    ),
    Program(
        name="norm_before_dropout",
        api="linen",
        says="Half of the units are 0 before the dropout, dropped or not.",
        run=linen_training(_Normed()),
    ),
    Program(
        name="attention",
        api="linen",
        says="Flax shares the mask of attention over batch and heads by default.",
        run=linen_training(_Attention(broadcast=True)),
    ),
    Program(
        name="attention_of_each_head",
        api="linen",
        says="Attention with a mask for each example and head.",
        run=linen_training(_Attention(broadcast=False)),
    ),
    Program(
        name="attention",
        api="nnx",
        says="Flax shares the mask of attention over batch and heads by default.",
        run=nnx_training(lambda: _NnxAttention(rngs=_streams())),
    ),
)
