"""A correct dropout, in five lines: what a failing count is tried on before it is believed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp

from dropout_props.subject import Subject

__all__ = ["reference"]


def _dropout(key: Any, x: Any, rate: float, deterministic: bool) -> Any:  # noqa: FBT001
    if deterministic or rate == 0.0:
        return x
    if rate == 1.0:
        return jnp.zeros_like(x)
    kept = jax.random.bernoulli(key, 1.0 - rate, x.shape)
    return jnp.where(kept, x / (1.0 - rate), jnp.zeros_like(x))


@lru_cache(maxsize=1)
def reference() -> Subject:
    """Return the correct layer."""
    return Subject.function(_dropout, name="control.reference")
