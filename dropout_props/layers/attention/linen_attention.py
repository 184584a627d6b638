"""Linen's attention weights: its softmax of given scores, and its dropout on them."""

from __future__ import annotations

import flax.linen as nn

from dropout_props.layers.attention.scores import with_scores
from dropout_props.layers.attention.traits import TRAITS
from dropout_props.subjects.protocol import Array
from dropout_props.subjects.subject import Subject


class LinenAttention(nn.Module):
    """``flax.linen.dot_product_attention_weights`` with the scores as its input.

    Attributes:
        rate: chance that a weight is dropped.
        broadcast_dropout: one mask for the whole batch and all heads.
    """

    rate: float
    broadcast_dropout: bool = False

    @nn.compact
    def __call__(self, x: Array, *, deterministic: bool) -> Array:
        """Maps scores float32[batch, heads, queries, keys] to weights of that shape.

        Leading axes may be left out.
        """
        # As MultiHeadDotProductAttention does it: no key is asked for where none is needed.
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
    """Returns Linen's attention weights as a subject."""
    return Subject.linen(LinenAttention, name="linen.attention", **TRAITS)
