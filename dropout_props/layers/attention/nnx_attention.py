"""Attention weights of NNX: the softmax of given scores, with dropout on the weights."""

from __future__ import annotations

import sys

from flax import nnx

from dropout_props.layers.attention.scores import with_scores
from dropout_props.layers.attention.traits import TRAITS
from dropout_props.subjects.protocol import Array
from dropout_props.subjects.subject import Subject

# The module of the class moved between releases; the function is in the same module.
_ATTENTION = sys.modules[nnx.MultiHeadAttention.__module__]


class NNXAttention(nnx.Module):
    """`dot_product_attention_weights` of NNX with the scores as its input.

    Args:
        rate: probability that a weight is dropped.
        broadcast_dropout: one mask serves the whole batch and all heads.
        deterministic: evaluation mode.
        rngs: streams; the layer draws from `dropout`.
    """

    def __init__(
        self,
        rate: float,
        *,
        broadcast_dropout: bool = False,
        deterministic: bool = False,
        rngs: nnx.Rngs | None = None,
    ) -> None:
        self.rate = rate
        self.broadcast_dropout = broadcast_dropout
        self.deterministic = deterministic
        self.rngs = rngs

    def __call__(self, x: Array, *, deterministic: bool | None = None) -> Array:
        """Map scores float32[batch, heads, queries, keys] to weights of that shape.

        Leading axes may be missing.
        """
        evaluates = self.deterministic if deterministic is None else deterministic
        drops = self.rate != 0.0 and not evaluates
        if drops and self.rngs is None:
            raise ValueError("'rngs' must be given to an attention layer that drops weights")
        weights: Array = _ATTENTION.dot_product_attention_weights(
            **with_scores(x),
            broadcast_dropout=self.broadcast_dropout,
            dropout_rng=self.rngs.dropout() if drops and self.rngs is not None else None,
            dropout_rate=self.rate,
            deterministic=evaluates,
        )
        return weights.reshape(x.shape)


def subject() -> Subject:
    """Return the attention weights of NNX as a subject."""
    return Subject.nnx(NNXAttention, name="nnx.attention", **TRAITS)
