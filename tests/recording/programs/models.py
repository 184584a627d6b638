"""Right training programs in the manner of Flax's examples, written afresh and small."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from flax import nnx

from dropout_props.selftest.wirings import Outcome, Record, Run, nnx_models
from dropout_props.selftest.wirings.linen_models import Block
from dropout_props.selftest.wirings.training import (
    BATCH,
    FEATURES,
    RATE,
    TOKENS,
    batch,
    descend,
    first_variables,
    key_of_step,
    squared_error,
    train,
)
from tests.recording.programs.layers import DropPath
from tests.recording.programs.program import Program

__all__ = ["PROGRAMS"]

WORDS, CLASSES, PATCH = 24, 10, 4


def _tokens(number: int) -> Any:
    return np.random.default_rng(number).integers(1, WORDS, (BATCH, TOKENS), dtype=np.int32)


def _images(number: int) -> Any:
    random = np.random.default_rng(number)
    return random.standard_normal((BATCH, 16, 16, 3), dtype=np.float32)


def _classes(number: int) -> Any:
    return np.random.default_rng(number).integers(0, CLASSES, BATCH)


def _cross_entropy(logits: Any, labels: Any) -> Any:
    logits = jax.nn.log_softmax(logits)
    return -jnp.take_along_axis(logits, labels[..., None], axis=-1).mean()


def _training(
    model: nn.Module,
    data: Callable[[int], tuple[Any, ...]],
    loss_of: Callable[[Any, tuple[Any, ...]], Any],
    *,
    streams: tuple[str, ...] = ("dropout",),
    mutable: tuple[str, ...] = (),
) -> Run:
    """Train a Linen model on any data.

    Args:
        model: called as `model(inputs, train=...)`.
        data: makes the inputs and further data of a step.
        loss_of: `loss_of(outputs, data)`.
        streams: the random streams that the model draws from in training.
        mutable: the collections that a step updates besides the parameters.

    Returns:
        A program.
    """

    def run(record: Record, steps: int) -> Outcome:
        root = jax.random.key(1)
        example = data(0)[0]
        root_keys = dict(
            zip(streams, jax.random.split(jax.random.key(2), len(streams)), strict=True)
        )
        keys = {"params": jax.random.key(0), **root_keys}
        variables = dict(first_variables(model, example, train=False))
        first = (variables.pop("params"), variables)

        @jax.jit
        def compiled(params: Any, rest: Any, number: Any, given: Any) -> tuple[Any, Any, Any]:
            split = jax.random.split(key_of_step(root, number), len(streams))
            rngs = dict(zip(streams, split, strict=True))

            def loss(params: Any) -> tuple[Any, Any]:
                outputs, moved = model.apply(
                    {"params": params, **rest}, given[0], train=True, rngs=rngs, mutable=mutable
                )
                return loss_of(outputs, given), moved

            (value, moved), grads = jax.value_and_grad(loss, has_aux=True)(params)
            return descend(params, grads), {**rest, **moved}, value

        def step(state: Any, number: int, _x: Any, _y: Any) -> tuple[Any, Any]:
            params, rest, value = compiled(*state, number, data(number))
            return (params, rest), value

        @jax.jit
        def predict(params: Any, rest: Any) -> Any:
            return model.apply({"params": params, **rest}, example, train=False, rngs=keys)

        state, losses = train(record, steps, step, first)
        return Outcome(losses, state, lambda: predict(*state))

    return run


class _LanguageModel(nn.Module):
    """A causal language model with dropout on its embeddings, its attention and its layers."""

    @nn.compact
    def __call__(self, tokens: Any, *, train: bool) -> Any:
        embed = nn.Embed(WORDS, FEATURES)
        shifted = jnp.pad(tokens, ((0, 0), (1, 0)))[:, :-1]
        place = self.param("place", nn.initializers.normal(0.02), (TOKENS, FEATURES))
        drop = nn.Dropout(RATE, deterministic=not train)
        x = drop(embed(shifted) + place)
        attention = nn.MultiHeadDotProductAttention(
            num_heads=2, dropout_rate=RATE, broadcast_dropout=False, deterministic=not train
        )
        x = x + drop(attention(nn.LayerNorm()(x), mask=nn.make_causal_mask(tokens)))
        hidden = nn.Dense(2 * FEATURES)(nn.LayerNorm()(x))
        x = x + drop(nn.Dense(FEATURES)(drop(nn.relu(hidden))))
        return embed.attend(nn.LayerNorm()(x))


class _Vit(nn.Module):
    """A vision transformer with a class token and stochastic depth."""

    @nn.compact
    def __call__(self, images: Any, *, train: bool) -> Any:
        x = nn.Conv(FEATURES, (PATCH, PATCH), strides=(PATCH, PATCH), padding="VALID")(images)
        x = x.reshape(BATCH, -1, FEATURES)
        token = self.param("token", nn.initializers.normal(0.02), (1, 1, FEATURES))
        x = jnp.concatenate([jnp.broadcast_to(token, (BATCH, 1, FEATURES)), x], axis=1)
        x = nn.Dropout(RATE, name="embedded")(x, deterministic=not train)
        inner = Block(RATE, name="block")(x, train=train) - x
        x = x + DropPath(RATE, name="path")(inner, deterministic=not train)
        return nn.Dense(CLASSES)(nn.LayerNorm()(x[:, 0]))


class _Seq2Seq(nn.Module):
    """An LSTM that reads a sequence and another that writes one, with dropout in between."""

    @nn.compact
    def __call__(self, tokens: Any, *, train: bool) -> Any:
        x = nn.Embed(WORDS, FEATURES)(tokens)
        x = nn.Dropout(RATE)(x, deterministic=not train)
        carry, _ = nn.RNN(nn.OptimizedLSTMCell(FEATURES), return_carry=True)(x)
        targets = jnp.pad(tokens, ((0, 0), (1, 0)))[:, :-1]
        x = nn.RNN(nn.OptimizedLSTMCell(FEATURES))(
            nn.Embed(WORDS, FEATURES)(targets), initial_carry=carry
        )
        return nn.Dense(WORDS)(nn.Dropout(RATE)(x, deterministic=not train))


class _LockedCell(nn.RNNCellBase):
    """An LSTM cell that drops the same units of its state at every time."""

    mask: Any = None

    def setup(self) -> None:
        self.cell = nn.OptimizedLSTMCell(FEATURES)

    def __call__(self, carry: Any, x: Any) -> Any:
        memory, state = carry
        return self.cell((memory, state * self.mask), x)

    def initialize_carry(self, rng: Any, input_shape: tuple[int, ...]) -> Any:
        return nn.OptimizedLSTMCell(FEATURES, parent=None).initialize_carry(rng, input_shape)

    @property
    def num_feature_axes(self) -> int:
        return 1


class _LockedDropout(nn.Module):
    """A mask of (batch, features), of ones in evaluation."""

    rate: float

    @nn.compact
    def __call__(self, shape: tuple[int, ...], *, train: bool) -> Any:
        if not train:
            return jnp.ones(shape)
        return jax.random.bernoulli(self.make_rng("dropout"), 1 - self.rate, shape) / (
            1 - self.rate
        )


class _LockedLstm(nn.Module):
    """A recurrent dropout: one mask for all times, drawn before the loop."""

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        mask = _LockedDropout(RATE, name="locked")((BATCH, FEATURES), train=train)
        return nn.RNN(_LockedCell(mask=mask))(x)


class _LockedInput(nn.Module):
    """A dropout that shares its mask along time, and says so by its name and the options."""

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        if train:
            shape = (x.shape[0], 1, x.shape[2])
            mask = jax.random.bernoulli(self.make_rng("dropout"), 1 - RATE, shape)
            x = jnp.where(mask, x / (1 - RATE), 0)
        return nn.RNN(nn.OptimizedLSTMCell(FEATURES))(x)


class _Vae(nn.Module):
    """A variational autoencoder with dropout in its encoder."""

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        hidden = nn.Dropout(RATE)(nn.relu(nn.Dense(FEATURES)(x)), deterministic=not train)
        mean, log_variance = nn.Dense(8)(hidden), nn.Dense(8)(hidden)
        latent = mean
        if train:
            noise = jax.random.normal(self.make_rng("latent"), mean.shape)
            latent = mean + jnp.exp(0.5 * log_variance) * noise
        outputs = nn.Dense(FEATURES)(nn.relu(nn.Dense(FEATURES)(latent)))
        return outputs, mean, log_variance


def _evidence(outputs: Any, data: Any) -> Any:
    decoded, mean, log_variance = outputs
    divergence = -0.5 * (1 + log_variance - mean**2 - jnp.exp(log_variance)).mean()
    return squared_error(decoded, data[0]) + divergence


class _BatchNormed(nn.Module):
    """A model with a batch norm, whose statistics a step updates."""

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        hidden = nn.BatchNorm(use_running_average=not train)(nn.Dense(FEATURES)(x))
        hidden = nn.Dropout(RATE)(nn.relu(hidden), deterministic=not train)
        return nn.Dense(FEATURES)(hidden)


class _Text(nn.Module):
    """A model of token ids: Embed, dropout, Dense."""

    @nn.compact
    def __call__(self, tokens: Any, *, train: bool) -> Any:
        x = nn.Embed(WORDS, FEATURES)(tokens)
        return nn.Dense(WORDS)(nn.Dropout(RATE)(x, deterministic=not train))


class _NnxLstm(nnx.Module):
    """An LSTM for NNX with dropout before and after it."""

    def __init__(self, *, rngs: nnx.Rngs) -> None:
        self.rnn = nnx.RNN(nnx.OptimizedLSTMCell(FEATURES, FEATURES, rngs=rngs))
        self.before = nnx.Dropout(RATE, rngs=rngs)
        self.after = nnx.Dropout(RATE, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.after(self.rnn(self.before(x)))


def _of_tokens(number: int) -> tuple[Any, ...]:
    return (_tokens(number),)


def _of_images(number: int) -> tuple[Any, ...]:
    return _images(number), _classes(number)


def _next_token(logits: Any, data: Any) -> Any:
    return _cross_entropy(logits, data[0])


def _to_targets(outputs: Any, data: Any) -> Any:
    return squared_error(outputs, data[1])


PROGRAMS = (
    Program(
        name="language_model",
        api="linen",
        says="A causal transformer with dropout in five places.",
        run=_training(_LanguageModel(), _of_tokens, _next_token),
    ),
    Program(
        name="vision_transformer",
        api="linen",
        says="Dropout on patches, in the block, and stochastic depth.",
        run=_training(_Vit(), _of_images, lambda logits, data: _cross_entropy(logits, data[1])),
        options={"expect_shared": {"*path": (1, 2)}},
    ),
    Program(
        name="seq2seq",
        api="linen",
        says="Two LSTMs with dropout around them.",
        run=_training(_Seq2Seq(), _of_tokens, _next_token),
    ),
    Program(
        name="variational_autoencoder",
        api="linen",
        says="Dropout and the noise of the latent draw from two streams.",
        run=_training(_Vae(), batch, _evidence, streams=("dropout", "latent")),
    ),
    Program(
        name="batch_norm",
        api="linen",
        says="A step updates a second collection.",
        run=_training(_BatchNormed(), batch, _to_targets, mutable=("batch_stats",)),
    ),
    Program(
        name="embedding",
        api="linen",
        says="The inputs are integers.",
        run=_training(_Text(), _of_tokens, _next_token),
    ),
    Program(
        name="recurrent_dropout",
        api="linen",
        says="One mask serves all times of an LSTM; it is drawn once.",
        run=_training(_LockedLstm(), batch, _to_targets),
    ),
    Program(
        name="locked_input_dropout",
        api="linen",
        says="One mask serves all times of the input, as the options declare.",
        run=_training(_LockedInput(), batch, _to_targets),
        options={"expect_shared": {"*": (1,)}},
    ),
    Program(
        name="lstm",
        api="nnx",
        says="Dropout before and after an LSTM.",
        run=nnx_models.nnx_training(lambda: _NnxLstm(rngs=nnx.Rngs(params=0, dropout=1))),
        needs="0.10.0",
    ),
)
