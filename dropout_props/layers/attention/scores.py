"""Scores as the input of attention: queries and keys that add nothing to them."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from dropout_props.subjects.protocol import Array

_RANK = 4  # batch, heads, queries, keys


def with_scores(x: Array) -> dict[str, Any]:
    """Returns the arguments by which ``dot_product_attention_weights`` takes given scores.

    Args:
        x: float[..., queries, keys]; of fewer than four axes the leading ones have length 1.
    """
    batch, heads, queries, keys = (1,) * (_RANK - x.ndim) + tuple(x.shape)
    return {
        "query": jnp.zeros((batch, queries, heads, 1), x.dtype),
        "key": jnp.zeros((batch, keys, heads, 1), x.dtype),
        "bias": x.reshape(batch, heads, queries, keys),
    }
