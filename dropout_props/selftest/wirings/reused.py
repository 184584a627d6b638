"""One key, two draws: within a step, an explicit key is consumed twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx

from dropout_props.selftest.wirings import nnx_models
from dropout_props.selftest.wirings.linen_models import Mlp, linen_training
from dropout_props.selftest.wirings.nnx_models import build_mlp, nnx_training
from dropout_props.selftest.wirings.training import (
    FEATURES,
    RATE,
    batch,
    descend,
    first_variables,
    key_of_step,
    squared_error,
    train,
)
from dropout_props.selftest.wirings.wiring import Outcome, Record, Wiring

__all__ = ["WIRINGS"]

TwoKeys = Callable[[Any, Callable[[], Any]], tuple[Any, Any]]


def _twice(key: Any, _draw: Callable[[], Any]) -> tuple[Any, Any]:
    return key, key


def _parent_and_child(key: Any, _draw: Callable[[], Any]) -> tuple[Any, Any]:
    return key, jax.random.split(key)[0]


def _children(key: Any, _draw: Callable[[], Any]) -> tuple[Any, Any]:
    first, second = jax.random.split(key)
    return first, second


def _drawn_again(key: Any, draw: Callable[[], Any]) -> tuple[Any, Any]:
    return key, draw()


class _TwoPlaces(nn.Module):
    """One dropout object at two places of a layer, with explicit keys."""

    keys: TwoKeys

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        drop = nn.Dropout(RATE, deterministic=not train)

        def draw() -> Any:
            return self.make_rng("dropout")

        first, second = self.keys(draw(), draw) if train else (None, None)
        x = x + drop(nn.Dense(FEATURES)(x), rng=first)
        return x + drop(nn.Dense(FEATURES)(nn.gelu(x)), rng=second)


class _TwoBranches(nn.Module):
    """Attention and a feed-forward layer side by side, each with stochastic depth."""

    keys: TwoKeys

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        normed = nn.LayerNorm()(x)
        attended = nn.MultiHeadDotProductAttention(num_heads=2)(normed)
        hidden = nn.Dense(FEATURES)(nn.gelu(nn.Dense(FEATURES)(normed)))
        if train:
            first, second = self.keys(self.make_rng("dropout"), lambda: self.make_rng("dropout"))
            attended = jnp.where(
                jax.random.bernoulli(first, 1 - RATE, x.shape), attended / (1 - RATE), 0
            )
            hidden = jnp.where(
                jax.random.bernoulli(second, 1 - RATE, x.shape), hidden / (1 - RATE), 0
            )
        return x + attended + hidden


class _NnxTwoPlaces(nnx.Module):
    """One dropout object at two places of a layer, with explicit keys."""

    def __init__(self, keys: TwoKeys, *, rngs: nnx.Rngs) -> None:
        self.first = nnx.Linear(FEATURES, FEATURES, rngs=rngs)
        self.second = nnx.Linear(FEATURES, FEATURES, rngs=rngs)
        self.dropout = nnx.Dropout(RATE, rngs=rngs)
        self.rngs = rngs
        self.keys = keys

    def __call__(self, x: Any) -> Any:
        first, second = self.keys(self.rngs.keys(), self.rngs.keys)
        x = x + self.dropout(self.first(x), rngs=first)
        return x + self.dropout(self.second(nnx.gelu(x)), rngs=second)


class _OwnSeeds(nnx.Module):
    """Two feed-forward layers, each built from streams of a seed of its own."""

    def __init__(self, *seeds: int) -> None:
        self.layer_0, self.layer_1 = (
            nnx_models.FeedForward(RATE, rngs=nnx.Rngs(params=number, dropout=seed))
            for number, seed in enumerate(seeds)
        )

    def __call__(self, x: Any) -> Any:
        x = x + self.layer_0(x)
        return x + self.layer_1(x)


class _OwnWeights(nnx.Module):
    """A layer that draws its weights and its masks itself, each from its own stream."""

    def __init__(self, *, rngs: nnx.Rngs) -> None:
        scale = FEATURES**-0.5
        weight = jax.random.normal(rngs.params(), (FEATURES, FEATURES)) * scale
        self.weight = nnx.Param(weight)
        self.rngs = rngs
        self.deterministic = False  # what model.eval() sets

    def __call__(self, x: Any) -> Any:
        x = x @ self.weight[...]
        if self.deterministic:
            return x
        mask = jax.random.bernoulli(self.rngs.dropout(), 1 - RATE, x.shape)
        return jnp.where(mask, x / (1 - RATE), 0)


class _TwoTowers(nnx.Module):
    """Two towers that look at one input; the second may be a clone of the first."""

    def __init__(self, *, clone: bool) -> None:
        self.tower_0 = build_mlp()
        self.tower_1 = nnx.clone(self.tower_0)
        if not clone:
            # The weights stay those of the first tower, the streams get a seed of their own.
            fresh = nnx.state(nnx_models.Mlp(rngs=nnx.Rngs(params=0, dropout=2)), nnx.RngState)
            nnx.update(self.tower_1, fresh)

    def __call__(self, x: Any) -> Any:
        return (self.tower_0(x) + self.tower_1(x)) / 2


def _two_views(*, split: bool) -> Any:
    """Train on two views of each example that should differ in their masks alone."""
    model = Mlp()

    def run(record: Record, steps: int) -> Outcome:
        root = jax.random.key(1)

        @jax.jit
        def step(params: Any, number: Any, x: Any, y: Any) -> tuple[Any, Any]:
            key = key_of_step(root, number)
            keys = tuple(jax.random.split(key)) if split else (key, key)

            def loss(params: Any) -> Any:
                first, second = (
                    model.apply(params, x, train=True, rngs={"dropout": key}) for key in keys
                )
                return squared_error(first, y) + squared_error(first, second)

            value, grads = jax.value_and_grad(loss)(params)
            return descend(params, grads), value

        params = first_variables(model, batch(0)[0], train=False)
        params, losses = train(record, steps, step, params)
        return Outcome(losses, params)

    return run


def _two_places(keys: TwoKeys) -> Any:
    return nnx_training(
        lambda: _NnxTwoPlaces(keys, rngs=nnx.Rngs(params=0, dropout=1, keys=2)),
    )


WIRINGS = (
    Wiring(
        name="one_key_at_two_places",
        api="linen",
        also=("DP906",),
        says="One dropout object serves two places of a layer, and gets the same key at both.",
        mend='Call make_rng("dropout") for each place, or hand over no key.',
        wrong=linen_training(_TwoPlaces(_twice)),
        mended=linen_training(_TwoPlaces(_drawn_again)),
        seen_in="LibreYOLO/libreyolo#422",
    ),
    Wiring(
        name="one_key_at_two_places",
        api="nnx",
        also=("DP906",),
        says="One dropout object serves two places of a layer, and gets the same key at both.",
        mend="Take a key from the stream for each place, or hand over none.",
        wrong=_two_places(_twice),
        mended=_two_places(_drawn_again),
        needs="0.11.0",
        seen_in="LibreYOLO/libreyolo#422",
    ),
    Wiring(
        name="one_key_for_two_branches",
        api="linen",
        also=("DP906",),
        says="Two residual branches draw their masks from one key, so both lose the same units.",
        mend='Call make_rng("dropout") for each branch.',
        wrong=linen_training(_TwoBranches(_twice)),
        mended=linen_training(_TwoBranches(_drawn_again)),
        seen_in="allennlp#2320",
    ),
    Wiring(
        name="parent_used_after_split",
        api="linen",
        says="The layer splits a key and uses both the parent and a child.",
        mend="Use the children alone.",
        wrong=linen_training(_TwoPlaces(_parent_and_child)),
        mended=linen_training(_TwoPlaces(_children)),
        seen_in="blackjax#53, asi#161",
    ),
    Wiring(
        name="parent_used_after_split",
        api="nnx",
        says="The layer splits a key and uses both the parent and a child.",
        mend="Use the children alone.",
        wrong=_two_places(_parent_and_child),
        mended=_two_places(_children),
        needs="0.11.0",
        seen_in="blackjax#53, asi#161",
    ),
    Wiring(
        name="masks_drawn_from_key_of_weights",
        api="nnx",
        says="The streams of parameters and dropout have one seed: weights and mask share a key.",
        mend="Give each stream a seed of its own, or use one default stream.",
        wrong=nnx_training(lambda: _OwnWeights(rngs=nnx.Rngs(params=0, dropout=0))),
        mended=nnx_training(lambda: _OwnWeights(rngs=nnx.Rngs(params=0, dropout=1))),
        seen_in="p-doom/jasmine#36",
    ),
    Wiring(
        name="two_views_of_one_key",
        api="linen",
        also=("DP906",),
        says="Two passes that should give two views of an example get the same dropout key.",
        mend="Split the key, one child for each pass.",
        wrong=_two_views(split=False),
        mended=_two_views(split=True),
    ),
    Wiring(
        name="equal_seeds_of_layers",
        api="nnx",
        also=("DP906",),
        says="Each layer builds its own streams, all from one seed: the layers share their masks.",
        mend="Build the streams once, and hand them to every layer.",
        wrong=nnx_training(lambda: _OwnSeeds(1, 1)),
        mended=nnx_training(lambda: _OwnSeeds(1, 2)),
        seen_in="keras#18426",
    ),
    Wiring(
        name="cloned_tower",
        api="nnx",
        also=("DP906",),
        says="The second tower is a clone of the first, streams included: equal masks in both.",
        mend="Give the clone streams of its own seed.",
        wrong=nnx_training(lambda: _TwoTowers(clone=True)),
        mended=nnx_training(lambda: _TwoTowers(clone=False)),
    ),
)
