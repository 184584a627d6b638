"""Fixtures of the tests of the examples: one input of 256 units, and a key."""

from typing import Any

import jax
import jax.numpy as jnp
import pytest


@pytest.fixture
def x() -> Any:
    """float32[16, 16]: distinct numbers, none of them zero."""
    return jnp.arange(1.0, 257.0).reshape(16, 16)


@pytest.fixture
def key() -> Any:
    """A raw key."""
    return jax.random.PRNGKey(0)
