"""Right models as people write them: no option but those that say how to call them."""

from dataclasses import replace
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from dropout_props import Subject
from dropout_props.subjects.inputs import completed
from tests.conformance.first_contact.layers import Textbook, TextbookNNX

_WIDTH = 16
_HEADS = 2


class StochasticDepth(nn.Module):
    """Each example of a batch is dropped as a whole."""

    rate: float = 0.0
    deterministic: bool | None = None

    @nn.compact
    def __call__(self, x: Any, deterministic: bool | None = None) -> Any:
        """Return `x`, or the examples that are kept, over keep."""
        if nn.merge_param("deterministic", self.deterministic, deterministic) or self.rate == 0.0:
            return x
        if self.rate == 1.0:
            return jnp.zeros_like(x)
        shape = (x.shape[0],) + (1,) * (x.ndim - 1)
        kept = jax.random.bernoulli(self.make_rng("dropout"), 1.0 - self.rate, shape)
        return jnp.where(kept, x / (1.0 - self.rate), jnp.zeros_like(x))


class StochasticDepthNNX(nnx.Module):
    """The same layer in NNX."""

    def __init__(self, rate: float, *, rngs: nnx.Rngs) -> None:
        self.rate, self.rngs = rate, rngs

    def __call__(self, x: Any, *, deterministic: bool = False) -> Any:
        """Return `x`, or the examples that are kept, over keep."""
        if deterministic or self.rate == 0.0:
            return x
        shape = (x.shape[0],) + (1,) * (x.ndim - 1)
        kept = jax.random.bernoulli(self.rngs.dropout(), 1.0 - self.rate, shape)
        return jnp.where(kept, x / (1.0 - self.rate), jnp.zeros_like(x))


class SelfAttention(nn.Module):
    """Self-attention whose weights are dropped by the function of Flax, as in ports of BERT."""

    rate: float

    @nn.compact
    def __call__(self, hidden: Any, deterministic: bool = True) -> Any:
        """Return one vector a token."""
        heads = (*hidden.shape[:-1], _HEADS, _WIDTH // _HEADS)
        query, key, value = (
            nn.Dense(_WIDTH, name=name)(hidden).reshape(heads) for name in ("query", "key", "value")
        )
        rng = self.make_rng("dropout") if not deterministic and self.rate > 0.0 else None
        weights = nn.dot_product_attention_weights(
            query,
            key,
            broadcast_dropout=True,
            dropout_rng=rng,
            dropout_rate=self.rate,
            deterministic=deterministic,
        )
        return jnp.einsum("...hqk,...khd->...qhd", weights, value).reshape(*heads[:-2], _WIDTH)


class SelfAttentionNNX(nnx.Module):
    """Self-attention whose weights go through a Dropout of NNX."""

    def __init__(self, rate: float, *, rngs: nnx.Rngs) -> None:
        self.query = nnx.Linear(_WIDTH, _WIDTH, rngs=rngs)
        self.key = nnx.Linear(_WIDTH, _WIDTH, rngs=rngs)
        self.value = nnx.Linear(_WIDTH, _WIDTH, rngs=rngs)
        self.dropout = nnx.Dropout(rate, rngs=rngs)

    def __call__(self, hidden: Any) -> Any:
        """Return one vector a token."""
        heads = (*hidden.shape[:-1], _HEADS, _WIDTH // _HEADS)
        query, key, value = (
            layer(hidden).reshape(heads) for layer in (self.query, self.key, self.value)
        )
        scores = jnp.einsum("...qhd,...khd->...hqk", query, key) / heads[-1] ** 0.5
        weights = self.dropout(jax.nn.softmax(scores, axis=-1))
        return jnp.einsum("...hqk,...khd->...qhd", weights, value).reshape(*heads[:-2], _WIDTH)


class RecurrentDropout(nn.Module):
    """An LSTM: one mask for its state at all steps, and one for its inputs."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, *, train: bool = False) -> Any:
        """Return the last state of each sequence of (batch, time, features)."""
        x = nn.Dropout(self.rate, broadcast_dims=(1,), deterministic=not train)(x)
        cell = nn.LSTMCell(_WIDTH)
        carry = cell.initialize_carry(jax.random.PRNGKey(0), x[:, 0].shape)
        held = nn.Dropout(self.rate, deterministic=not train)(jnp.ones_like(carry[1]))
        for step in range(x.shape[1]):
            (memory, state), _ = cell((carry[0], carry[1] * held), x[:, step])
            carry = (memory, state)
        return carry[1]


class MlpBlock(nn.Module):
    """The feed-forward half of a transformer layer."""

    rate: float = 0.1

    @nn.compact
    def __call__(self, x: Any, *, deterministic: bool) -> Any:
        """Return the residual stream."""
        y = nn.gelu(nn.Dense(2 * _WIDTH)(nn.LayerNorm()(x)))
        y = nn.Dense(x.shape[-1])(nn.Dropout(self.rate)(y, deterministic=deterministic))
        return x + nn.Dropout(self.rate)(y, deterministic=deterministic)


class TokenModel(nn.Module):
    """Scores of a vocabulary for each token."""

    rate: float

    @nn.compact
    def __call__(self, tokens: Any, train: bool = True) -> Any:
        """Return logits."""
        x = nn.Dropout(self.rate, deterministic=not train)(nn.Embed(32, _WIDTH)(tokens))
        return nn.Dense(32)(x)


class NormalisedNNX(nnx.Module):
    """A classifier with BatchNorm, whose mode is set by its methods."""

    def __init__(self, rate: float, *, rngs: nnx.Rngs) -> None:
        self.first = nnx.Linear(_WIDTH, 8, rngs=rngs)
        self.norm = nnx.BatchNorm(8, rngs=rngs)
        self.dropout = nnx.Dropout(rate, rngs=rngs)
        self.last = nnx.Linear(8, 4, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        """Return scores."""
        return self.last(self.dropout(jax.nn.relu(self.norm(self.first(x)))))


_ONE_SHAPE: dict[str, Any] = {
    "SelfAttention": (2, 4, _WIDTH),
    "SelfAttentionNNX": (2, 4, _WIDTH),
    "MlpBlock": (4, _WIDTH),
    "TokenModel": np.arange(12, dtype=np.int32).reshape(3, 4),
}

RIGHT: dict[str, Subject] = {
    one.name: one
    for one in (
        Subject.linen(Textbook),
        Subject.nnx(TextbookNNX),
        Subject.linen(StochasticDepth, shares_rest=True, min_rank=1),
        Subject.nnx(StochasticDepthNNX, shares_rest=True, min_rank=1),
        Subject.linen(SelfAttention, min_rank=2),
        Subject.nnx(SelfAttentionNNX, inputs=("batch", "tokens", _WIDTH)),
        Subject.linen(RecurrentDropout, min_rank=3, max_rank=3),
        Subject.linen(MlpBlock),
        Subject.linen(TokenModel),
        Subject.nnx(NormalisedNNX, inputs=("batch", _WIDTH)),
    )
}
"""Each model, on all inputs that it takes."""

SMALL: dict[str, Subject] = {
    name: replace(RIGHT[name], traits=replace(RIGHT[name].traits, **completed({"inputs": inputs})))
    for name, inputs in _ONE_SHAPE.items()
}
"""Some of them on inputs of one shape, which compile less."""
