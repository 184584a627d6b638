"""What the tests of the recorder share: keys, inputs, and imports of what stands beside them.

The root goes to the end of the path: the installed package is still the one that is tested.
"""

from __future__ import annotations

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from dropout_props.recording import recording

_ROOT = str(Path(__file__).parents[2])
if _ROOT not in sys.path:
    sys.path.append(_ROOT)


@pytest.fixture(autouse=True, scope="session")
def _at_the_door() -> None:
    """Let the recorder try this JAX before a test takes something away from it, once a process."""
    with recording():
        pass


@pytest.fixture
def key() -> jax.Array:
    """One typed key."""
    return jax.random.key(42)


@pytest.fixture
def ones() -> jax.Array:
    """One example."""
    return jnp.ones(16)
