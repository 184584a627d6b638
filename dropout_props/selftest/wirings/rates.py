"""Wrong rates: a rate that does not arrive, another rate, a keep rate, a mask scaled wrongly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx

from dropout_props.selftest.wirings import nnx_models
from dropout_props.selftest.wirings.linen_models import Block, FeedForward, linen_training
from dropout_props.selftest.wirings.nnx_models import nnx_training
from dropout_props.selftest.wirings.training import FEATURES, RATE, first_kernel
from dropout_props.selftest.wirings.wiring import Wiring

__all__ = ["WIRINGS"]

LAYERS = 3


class _QuietBlock(Block):
    """A block that drops nothing unless it is given a rate."""

    rate: float = 0.0


class _Configured(nn.Module):
    """Two blocks, of which the second may not be given the rate."""

    hand_down: bool
    rate: float = RATE

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        x = _QuietBlock(self.rate, name="block_0")(x, train=train)
        given: Any = {"rate": self.rate} if self.hand_down else {}
        return _QuietBlock(**given, name="block_1")(x, train=train)


class _Deep(nn.Module):
    """Feed-forward layers, one for each rate."""

    rates: tuple[float, ...]

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        for number, rate in enumerate(self.rates):
            x = x + FeedForward(rate, name=f"layer_{number}")(x, train=train)
        return x


class _DeepNnx(nnx.Module):
    """Two feed-forward layers with a rate for each."""

    def __init__(self, first: float, second: float, *, rngs: nnx.Rngs) -> None:
        self.layer_0 = nnx_models.FeedForward(first, rngs=rngs)
        self.layer_1 = nnx_models.FeedForward(second, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        x = x + self.layer_0(x)
        return x + self.layer_1(x)


class _DeadEnd(nn.Module):
    """A layer whose dropout has a result that may not be used."""

    use: bool

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        hidden = nn.gelu(nn.Dense(FEATURES)(x))
        dropped = nn.Dropout(RATE, name="drop")(hidden, deterministic=not train)
        return x + nn.Dense(FEATURES)(dropped if self.use else hidden)


Dropped = Callable[[Any, Any, float], Any]


def _right(key: Any, x: Any, rate: float) -> Any:
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def _rate_as_keep(key: Any, x: Any, rate: float) -> Any:
    return jnp.where(jax.random.bernoulli(key, rate, x.shape), x / rate, 0)


def _not_scaled(key: Any, x: Any, rate: float) -> Any:
    return x * jax.random.bernoulli(key, 1 - rate, x.shape)


def _scaled_twice(key: Any, x: Any, rate: float) -> Any:
    return _right(key, x, rate) / (1 - rate)


class _WrittenDropout(nn.Module):
    """A dropout layer of the model's own, which declares its rate as nn.Dropout does."""

    rate: float
    drop: Dropped

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        return self.drop(self.make_rng("dropout"), x, self.rate) if train else x


class _Written(nn.Module):
    """A residual layer with such a dropout."""

    drop: Dropped

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        hidden = nn.gelu(nn.Dense(FEATURES)(x))
        hidden = _WrittenDropout(RATE, self.drop, name="drop")(hidden, train=train)
        return x + nn.Dense(FEATURES)(hidden)


class _WrittenNnxDropout(nnx.Module):
    """The same dropout layer for NNX."""

    def __init__(self, rate: float, drop: Dropped, *, rngs: nnx.Rngs) -> None:
        self.rate = rate
        self.drop = drop
        self.rngs = rngs
        self.deterministic = False  # what model.eval() sets

    def __call__(self, x: Any) -> Any:
        return x if self.deterministic else self.drop(self.rngs.dropout(), x, self.rate)


class _WrittenNnx(nnx.Module):
    """A residual layer with such a dropout."""

    def __init__(self, drop: Dropped, *, rngs: nnx.Rngs) -> None:
        self.first = nnx.Linear(FEATURES, FEATURES, kernel_init=first_kernel, rngs=rngs)
        self.second = nnx.Linear(FEATURES, FEATURES, kernel_init=first_kernel, rngs=rngs)
        self.drop = _WrittenNnxDropout(RATE, drop, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return x + self.second(self.drop(nnx.gelu(self.first(x))))


def _streams() -> nnx.Rngs:
    return nnx.Rngs(params=0, dropout=1)


def _deep(first: float, second: float) -> Any:
    return nnx_training(lambda: _DeepNnx(first, second, rngs=_streams()))


def _written_nnx(drop: Dropped) -> Any:
    return nnx_training(lambda: _WrittenNnx(drop, rngs=_streams()))


_EVERYWHERE = {"rates": {"*": RATE}}
_BY_DEPTH = {"rates": {"layer_0/*": 0.0, "layer_1/*": RATE / 2, "layer_2/*": RATE}}

WIRINGS = (
    Wiring(
        name="rate_never_arrives",
        api="linen",
        also=("DP901",),
        says="The model does not hand its rate to the second block, which drops nothing.",
        mend="Hand the rate to every block, and give it no default of 0.",
        wrong=linen_training(_Configured(hand_down=False)),
        mended=linen_training(_Configured(hand_down=True)),
        # The attention of a block has a rate of its own, which is 0.
        options={"rates": {"*Dropout_0": RATE}},
        seen_in="Oneflow-Inc/models#271, algorithmic-efficiency#864",
    ),
    Wiring(
        name="rate_never_arrives",
        api="nnx",
        also=("DP901",),
        says="The second layer is built with a rate of 0.",
        mend="Hand the rate to every layer.",
        wrong=_deep(RATE, 0.0),
        mended=_deep(RATE, RATE),
        options=_EVERYWHERE,
        seen_in="Oneflow-Inc/models#271, algorithmic-efficiency#864",
    ),
    Wiring(
        name="rate_by_depth_divided_to_zero",
        api="linen",
        also=("DP901",),
        says="The rate should grow with depth, but is divided with //, and is 0 in every layer.",
        mend="Divide with /: rate * number / (layers - 1).",
        wrong=linen_training(_Deep(tuple(RATE * n // (LAYERS - 1) for n in range(LAYERS)))),
        mended=linen_training(_Deep(tuple(RATE * n / (LAYERS - 1) for n in range(LAYERS)))),
        options=_BY_DEPTH,
    ),
    Wiring(
        name="rates_swapped",
        api="linen",
        says="The rates of the first and the last layer are swapped.",
        mend="Hand each rate over by the name of its layer.",
        wrong=linen_training(_Deep((0.5, RATE, 0.1))),
        mended=linen_training(_Deep((0.1, RATE, 0.5))),
        options={"rates": {"layer_0/*": 0.1, "layer_1/*": RATE, "layer_2/*": 0.5}},
    ),
    Wiring(
        name="wrong_rate",
        api="nnx",
        says="The second layer has a rate of its own in its code, not the configured one.",
        mend="Hand the configured rate to every layer.",
        wrong=_deep(RATE, 0.5),
        mended=_deep(RATE, RATE),
        options=_EVERYWHERE,
    ),
    Wiring(
        name="keep_rate_given_as_rate",
        api="linen",
        says="The configuration holds keep rates, and the layer takes drop rates.",
        mend="Hand over 1 - keep.",
        wrong=linen_training(_Deep((1 - RATE, 1 - RATE))),
        mended=linen_training(_Deep((RATE, RATE))),
        options=_EVERYWHERE,
        seen_in="DeepLearningZeroToAll#122, google-research#369",
    ),
    Wiring(
        name="keep_rate_given_as_rate",
        api="nnx",
        says="The configuration holds keep rates, and the layer takes drop rates.",
        mend="Hand over 1 - keep.",
        wrong=_deep(1 - RATE, 1 - RATE),
        mended=_deep(RATE, RATE),
        options=_EVERYWHERE,
        seen_in="DeepLearningZeroToAll#122, google-research#369",
    ),
    Wiring(
        name="result_not_used",
        api="linen",
        also=("DP901",),
        says="The result of the dropout is assigned to a name that nothing reads.",
        mend="Hand the dropped activations to the next layer.",
        wrong=linen_training(_DeadEnd(use=False)),
        mended=linen_training(_DeadEnd(use=True)),
        options={"rates": {"drop": RATE}},
        seen_in="jenkspt/gpt-jax#1",
    ),
    Wiring(
        name="rate_used_as_keep_rate",
        api="linen",
        also=("DP904",),
        says="A dropout of the model's own keeps units at the rate at which it should drop them.",
        mend="Keep with probability 1 - rate, and divide by it.",
        wrong=linen_training(_Written(_rate_as_keep)),
        mended=linen_training(_Written(_right)),
        seen_in="tf#24845",
    ),
    Wiring(
        name="rate_used_as_keep_rate",
        api="nnx",
        also=("DP904",),
        says="A dropout of the model's own keeps units at the rate at which it should drop them.",
        mend="Keep with probability 1 - rate, and divide by it.",
        wrong=_written_nnx(_rate_as_keep),
        mended=_written_nnx(_right),
        seen_in="tf#24845",
    ),
    Wiring(
        name="kept_units_not_scaled",
        api="linen",
        says="A dropout of the model's own does not divide the kept units by the keep rate.",
        mend="Divide by 1 - rate.",
        wrong=linen_training(_Written(_not_scaled)),
        mended=linen_training(_Written(_right)),
        seen_in="tinygrad#170",
    ),
    Wiring(
        name="kept_units_scaled_twice",
        api="nnx",
        says="A dropout of the model's own divides the kept units by the keep rate twice.",
        mend="Divide once.",
        wrong=_written_nnx(_scaled_twice),
        mended=_written_nnx(_right),
        seen_in="mlpractical#32",
    ),
)
