"""Fixtures of the tests of subjects: one input of 256 units, keys, and the shipped subjects.

Two independent masks of 256 units at rate 0.5 are equal with probability 2^-256, so a test that
two masks differ works with every seed.
"""

from typing import Any

import jax
import jax.numpy as jnp
import pytest

from dropout_props.layers import registry
from dropout_props.subjects.subject import Subject


@pytest.fixture
def x() -> Any:
    """float32[16, 16]: distinct numbers, none of them zero."""
    return jnp.arange(1.0, 257.0).reshape(16, 16)


@pytest.fixture
def key() -> Any:
    """A raw key."""
    return jax.random.PRNGKey(0)


@pytest.fixture(scope="session", params=registry.names())
def subject(request: pytest.FixtureRequest) -> Subject:
    """Each shipped subject."""
    return registry.load(request.param)


@pytest.fixture(
    scope="session", params=[name for name in registry.names() if "DropoutMLP" not in name]
)
def masked(request: pytest.FixtureRequest) -> Subject:
    """Each shipped subject whose output shows its mask."""
    return registry.load(request.param)


@pytest.fixture(
    scope="session",
    params=sorted(set(registry.names()) - {"d2l.dropout_layer", "d2l.DropoutMLPScratch"}),
)
def keyed(request: pytest.FixtureRequest) -> Subject:
    """Each shipped subject but those that can draw from the default key of `dropout_layer`."""
    return registry.load(request.param)


@pytest.fixture(scope="session")
def linen_dropout() -> Subject:
    """The Dropout of flax.linen."""
    return registry.load("linen.Dropout")


@pytest.fixture(scope="session")
def nnx_dropout() -> Subject:
    """The Dropout of flax.nnx."""
    return registry.load("nnx.Dropout")
