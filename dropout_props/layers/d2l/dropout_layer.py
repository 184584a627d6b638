"""dropout_layer: dropout as one function, with a default key that is bound at its definition.

This is as published: Python evaluates a default once, so every call without a key draws the same
mask. The function multiplies by the mask, so a dropped NaN or infinity gives NaN.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from dropout_props.subjects.protocol import Array, Key
from dropout_props.subjects.subject import Subject


def dropout_layer(
    X: Array,  # noqa: N803 - the published name
    dropout: float,
    key: Key = jax.random.PRNGKey(0),  # noqa: B008 - bound at definition, as published
) -> Array:
    """Keep a unit where a uniform number exceeds `dropout`, and scale the kept units.

    Args:
        X: float32[...].
        dropout: probability that a unit is dropped.
        key: the key; every call without a key draws the same mask.

    Returns:
        float32 of the shape of `X`; all zeros if `dropout` is 1.

    Raises:
        ValueError: `dropout` is not in [0, 1].
    """
    if not 0 <= dropout <= 1:
        raise ValueError(f"dropout={dropout!r} is not a probability; give a number from 0 to 1")
    if dropout == 1:
        return jnp.zeros_like(X)
    mask = jax.random.uniform(key, X.shape) > dropout
    return mask.astype(jnp.float32) * X / (1.0 - dropout)


def _call(key: Key | None, x: Array, rate: float, deterministic: bool) -> Array:  # noqa: ARG001, FBT001
    return dropout_layer(x, rate) if key is None else dropout_layer(x, rate, key)


def subject() -> Subject:
    """Return dropout_layer as a subject, which passes no key where the case has none."""
    return Subject.function(
        _call,
        name="d2l.dropout_layer",
        source=f"{__name__}:dropout_layer",
        eval_mode=False,
        nonfinite=False,
        dtypes=("float32",),
        reasons={
            "eval_mode": "it has no evaluation mode: its models leave it out instead",
            "nonfinite": "it multiplies by the mask, so a dropped NaN or infinity gives NaN",
        },
    )
