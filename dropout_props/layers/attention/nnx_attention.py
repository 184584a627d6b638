"""NNX's attention weights: its softmax of given scores, and its dropout on them."""

from __future__ import annotations

import sys

from flax import nnx

from dropout_props.layers.attention.scores import with_scores
from dropout_props.layers.attention.traits import TRAITS
from dropout_props.subjects.protocol import Array
from dropout_props.subjects.subject import Subject

# Where the class lives moved between releases; its function stands beside it.
_ATTENTION = sys.modules[nnx.MultiHeadAttention.__module__]


class NNXAttention(nnx.Module):
    """NNX's ``dot_product_attention_weights`` with the scores as its input.

    Args:
        rate: chance that a weight is dropped.
        broadcast_dropout: one mask for the whole batch and all heads.
        deterministic: evaluation mode.
        rngs: streams; ``dropout`` is drawn from.
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
        """Maps scores float32[batch, heads, queries, keys] to weights of that shape.

        Leading axes may be left out.
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
    """Returns NNX's attention weights as a subject."""
    return Subject.nnx(NNXAttention, name="nnx.attention", **TRAITS)
