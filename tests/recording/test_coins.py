"""A coin may keep its unit, drop it, or mean something else: that decides what is wrong."""

from typing import Any

import jax
import jax.numpy as jnp
import pytest
from flax import linen as nn
from flax import nnx

import dropout_props
from dropout_props.auditing import Record

_NIGHTLY = pytest.mark.nightly
X = jnp.ones((8, 4, 16))
RATE = 0.1


class Dropping(nn.Module):
    """A dropout whose coin says which units are dropped."""

    rate: float
    probability: float
    axes: int = 3

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Drop units."""
        coins = (self.make_rng("dropout"), self.probability, x.shape[: self.axes])
        drop = jax.random.bernoulli(*coins).reshape(*x.shape[: self.axes], *[1] * (3 - self.axes))
        return jnp.where(drop, 0, x / (1 - self.rate))


class Flip(nn.Module):
    """An augmentation with a probability that is no drop rate."""

    p: float

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Turn some examples around."""
        flip = jax.random.bernoulli(self.make_rng("dropout"), self.p, (len(x), 1, 1))
        return jnp.where(flip, x[:, ::-1], x)


class LabelDropout(nn.Module):
    """A layer with parameters that replaces some labels by that of no class."""

    dropout_prob: float

    @nn.compact
    def __call__(self, labels: Any) -> Any:
        """Embed labels."""
        none = jax.random.bernoulli(self.make_rng("dropout"), self.dropout_prob, labels.shape)
        return nn.Embed(3, 4)(jnp.where(none, 2, labels))


class DropBlock(nn.Module):
    """A layer that drops neighbours of its coins too, so that its coins are rarer than its rate."""

    rate: float

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Drop blocks of three features."""
        seeds = jax.random.bernoulli(self.make_rng("dropout"), self.rate / 3, x.shape)
        keep = 1 - nn.max_pool(seeds.astype(x.dtype), (3,), padding="SAME")
        return x * keep * (keep.size / keep.sum())


class Unscaled(nn.Module):
    """A dropout that leaves one half of its features unscaled."""

    rate: float

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Drop units."""
        mask = jax.random.bernoulli(self.make_rng("dropout"), 1 - self.rate, x.shape)
        scales = jnp.where(jnp.arange(x.shape[-1]) < 8, 1 / (1 - self.rate), 1.0)
        return jnp.where(mask, x * scales, 0)


class Averaged(nn.Module):
    """A layer that averages two dropouts: at rate 0.5 its units are 0, x or x / keep."""

    rate: float

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Drop units twice."""
        keep = 1 - self.rate
        masks = [jax.random.bernoulli(self.make_rng("dropout"), keep, x.shape) for _ in range(2)]
        return x * (masks[0].astype(x.dtype) + masks[1]) / (2 * keep)


class Shifted(nn.Module):
    """A layer that adds positions before it drops units."""

    rate: float

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Add and drop."""
        x = x + jnp.arange(x.shape[-1])
        mask = jax.random.bernoulli(self.make_rng("dropout"), 1 - self.rate, x.shape)
        return jnp.where(mask, x / (1 - self.rate), 0)


class Mlp(nn.Module):
    """A model that draws a mask of its own."""

    rate: float
    probability: float

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Drop units between two layers."""
        x = nn.Dense(4)(x)
        mask = jax.random.bernoulli(self.make_rng("dropout"), self.probability, x.shape)
        return nn.Dense(4)(jnp.where(mask, x / (1 - self.rate), 0))


class NnxMlp(nnx.Module):
    """The same in NNX."""

    def __init__(self, rate: float, probability: float) -> None:
        self.rate, self.probability = rate, probability
        self.dense = nnx.Linear(16, 4, rngs=nnx.Rngs(0))
        self.rngs = nnx.Rngs(dropout=1)

    def __call__(self, x: Any) -> Any:
        """Drop units behind a layer."""
        x = self.dense(x)
        mask = jax.random.bernoulli(self.rngs.dropout(), self.probability, x.shape)
        return jnp.where(mask, x / (1 - self.rate), 0)


class Masked(nn.Module):
    """A layer that shows that its coin keeps units; its name does not say that it drops any."""

    rate: float
    probability: float

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Drop units."""
        return x * jax.random.bernoulli(self.make_rng("dropout"), self.probability, x.shape)


def recorded(layer: nn.Module, x: Any = X, **options: Any) -> Record:
    """Call a layer in two steps."""
    params = layer.init(jax.random.key(0), x)
    with dropout_props.record(**options) as record:
        for number in range(2):
            record.step()
            layer.apply(params, x, rngs={"dropout": jax.random.key(number)})
    return record


@pytest.mark.parametrize(
    "axes", [3, pytest.param(2, marks=_NIGHTLY), pytest.param(1, marks=_NIGHTLY)]
)
def test_a_coin_that_drops_at_the_rate_is_right(axes: int) -> None:
    """A layer may draw what it drops, for units, tokens or examples."""
    record = recorded(Dropping(RATE, RATE, axes), rates={"*": RATE})
    record.check(strict=True)
    assert "0.1" in record.report().splitlines()[3]


def test_a_coin_that_drops_at_the_keep_rate_is_named() -> None:
    """Such a layer drops nine units of ten."""
    record = recorded(Dropping(RATE, 1 - RATE))
    with pytest.raises(AssertionError, match="the keep probability is used as the rate") as caught:
        record.check()
    assert "DP903" in str(caught.value)
    assert "jax.random.bernoulli(key, rate, x.shape)" in str(caught.value)


def test_a_dropping_coin_has_the_configured_rate_or_not() -> None:
    """The configured rate is compared with what is dropped."""
    with pytest.raises(AssertionError, match=r"another rate: 0\.1 in step 0, where 0\.3 is"):
        recorded(Dropping(RATE, RATE), rates={"*": 0.3}).check()


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (Flip(0.3), X),
        (LabelDropout(RATE), jnp.zeros(64, jnp.int32)),
        (DropBlock(RATE), X),
    ],
)
def test_a_coin_of_unknown_meaning_is_a_note(layer: nn.Module, x: Any) -> None:
    """Nothing is said of a layer whose zeros are not those of its coins."""
    record = recorded(layer, x)
    record.check()
    assert "whether such a coin keeps or drops its unit was not shown" in record.report()
    assert "coins of " in record.report()


def recorded_nnx(model: NnxMlp, **options: Any) -> Record:
    """Call a model of NNX in two steps."""
    with dropout_props.record(**options) as record:
        for _ in range(2):
            record.step()
            model(X)
    return record


_BY_DAY = (("linen", 1.0), ("nnx", 0.9), ("layer", 0.0))


@pytest.mark.parametrize(
    ("api", "probability"),
    [
        pytest.param(api, p, marks=() if (api, p) in _BY_DAY else _NIGHTLY)
        for api in ("linen", "nnx", "layer")
        for p in (1.0, 0.9, 0.0)
    ],
)
def test_a_coin_that_is_the_rate_in_no_reading_is_not_strictly_right(
    api: str, probability: float
) -> None:
    """It is no fault, since a module may flip a coin of its own, and strict needs it declared."""

    def made(**options: Any) -> Record:
        if api == "nnx":
            return recorded_nnx(NnxMlp(0.5, probability), **options)
        return recorded((Mlp if api == "linen" else Masked)(0.5, probability), **options)

    record = made()
    assert "DP903" not in record.judgement.failed
    (text,) = (text for text in record.judgement.too_few if "reading" in text or "outcome" in text)
    assert ("one outcome" in text) == (probability != 0.9)
    pattern = text.split('ignore={"')[1].split('"')[0]
    declared = made(ignore={pattern: (("DP903",), "a coin of its own")})
    assert not [text for text in declared.judgement.too_few if "ignore=" in text]


@pytest.mark.parametrize("probability", [0.1, 0.9])
def test_a_coin_that_is_the_rate_in_one_reading_is_strictly_right(probability: float) -> None:
    """A model whose coin was not shown to keep or to drop may have the rate in either reading."""
    recorded(Mlp(RATE, probability)).check(strict=True)
    recorded_nnx(NnxMlp(RATE, probability)).check(strict=True)


@jax.jit
def plain(key: jax.Array) -> jax.Array:
    """Drop units by a function alone."""
    return jnp.where(jax.random.bernoulli(key, RATE, X.shape), 0, X / (1 - RATE))


def test_a_coin_of_plain_code_is_compared_in_both_readings() -> None:
    """The configured rate may be that of either; strict says that it was not shown."""

    def checked(rate: float, *, strict: bool) -> None:
        with dropout_props.record(rates={"plain": rate}) as record:
            for number in range(2):
                plain(jax.random.key(number))
        record.check(strict=strict)

    checked(RATE, strict=False)
    checked(1 - RATE, strict=True)
    with pytest.raises(AssertionError, match="was not shown"):
        checked(RATE, strict=True)
    with pytest.raises(AssertionError, match=r"another rate: 0\.9 in step 0, where 0\.2 is"):
        checked(0.2, strict=False)


def test_layers_of_flax_can_be_called_alone() -> None:
    """However a dropout of Flax gets its mode and keys, it shows what its coin means."""
    own, given = nnx.Dropout(RATE, rngs=nnx.Rngs(dropout=0)), nnx.Dropout(RATE)
    with dropout_props.record() as record:
        nn.Dropout(RATE, deterministic=False).apply({}, X, rngs={"dropout": jax.random.key(1)})
        nn.Dropout(RATE).apply({}, X, deterministic=False, rngs={"dropout": jax.random.key(2)})
        own(X)
        given(X, deterministic=False, rngs=nnx.Rngs(dropout=3))
    assert [alone.drops for alone in record.seen.layers_alone.values()] == [False] * 4
    assert "4 layers called alone on ones" in record.report()


def test_streams_with_a_default_are_no_array() -> None:
    """Some releases of Flax give `nnx.Rngs` any attribute that one reads, `shape` included."""
    with dropout_props.record() as record:
        nnx.Dropout(RATE, deterministic=False)(rngs=nnx.Rngs(0), inputs=X)
    assert record.not_seen == ()
    assert [site.input_shape for site in record.sites] == [X.shape]
    assert [alone.drops for alone in record.seen.layers_alone.values()] == [False]


def test_no_layer_called_alone_is_no_pass() -> None:
    """Where nothing could be called alone, DP904 does not apply."""
    assert "not applicable DP904" in recorded(Flip(0.3)).report()


def test_kept_units_of_two_scales_are_named() -> None:
    """A layer that scales a part of its units alone changes the mean of the others."""
    with pytest.raises(AssertionError, match=r"kept units come out \d+ as 1 and \d+ as 1\.11111"):
        recorded(Unscaled(RATE)).check()


@pytest.mark.parametrize("layer", [Averaged(0.5), Shifted(RATE)])
def test_other_values_of_kept_units_are_a_note(layer: nn.Module) -> None:
    """A layer that does more than to drop its units shows no wrong scale."""
    record = recorded(layer)
    record.check()
    assert "does not give 0 and one other value" in record.report()
