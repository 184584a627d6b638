"""A fixture of all unit tests: a seeded generator."""

import hashlib
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> Any:
    """Return a generator seeded by a hash of the test's name, so that no seed is hand-picked."""
    digest = hashlib.sha256(request.node.nodeid.encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
