"""Attention weights of Linen: the softmax of given scores, with dropout on the weights."""

from __future__ import annotations

import flax.linen as nn

from dropout_props.layers.attention.scores import with_scores
from dropout_props.layers.attention.traits import TRAITS
from dropout_props.subjects.protocol import Array
from dropout_props.subjects.subject import Subject


class LinenAttention(nn.Module):
    """`flax.linen.dot_product_attention_weights` with the scores as its input.

    Attributes:
        rate: probability that a weight is dropped.
        broadcast_dropout: one mask serves the whole batch and all heads.
    """

    rate: float
    broadcast_dropout: bool = False

    @nn.compact
    def __call__(self, x: Array, *, deterministic: bool) -> Array:
        """Map scores float32[batch, heads, queries, keys] to weights of that shape.

        Leading axes may be missing.
        """
        # As in MultiHeadDotProductAttention: draws no key in evaluation and at rate 0.
        drops = self.rate != 0.0 and not deterministic
        weights: Array = nn.attention.dot_product_attention_weights(
            **with_scores(x),
            broadcast_dropout=self.broadcast_dropout,
            dropout_rng=self.make_rng("dropout") if drops else None,
            dropout_rate=self.rate,
            deterministic=deterministic,
        )
        return weights.reshape(x.shape)


def subject() -> Subject:
    """Return the attention weights of Linen as a subject."""
    return Subject.linen(LinenAttention, name="linen.attention", **TRAITS)
