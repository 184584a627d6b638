"""Attention with given scores: the scores are the bias, and queries and keys are zero."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from dropout_props.subjects.protocol import Array

_RANK = 4  # batch, heads, queries, keys


def with_scores(x: Array) -> dict[str, Any]:
    """Return arguments of `dot_product_attention_weights` that make its scores equal to `x`.

    Args:
        x: float[..., queries, keys]; missing leading axes get length 1.
    """
    batch, heads, queries, keys = (1,) * (_RANK - x.ndim) + tuple(x.shape)
    return {
        "query": jnp.zeros((batch, queries, heads, 1), x.dtype),
        "key": jnp.zeros((batch, keys, heads, 1), x.dtype),
        "bias": x.reshape(batch, heads, queries, keys),
    }
