"""What the tests of the subjects share: the subjects, by what they show."""

import pytest

from dropout_props.subject import Subject
from dropout_props.subjects import registry


@pytest.fixture(scope="session", params=registry.names())
def subject(request: pytest.FixtureRequest) -> Subject:
    """Each subject that ships."""
    return registry.load(request.param)


@pytest.fixture(
    scope="session", params=[name for name in registry.names() if "DropoutMLP" not in name]
)
def masked(request: pytest.FixtureRequest) -> Subject:
    """Each subject whose output shows its mask."""
    return registry.load(request.param)


@pytest.fixture(
    scope="session",
    params=sorted(set(registry.names()) - {"d2l.dropout_layer", "d2l.DropoutMLPScratch"}),
)
def keyed(request: pytest.FixtureRequest) -> Subject:
    """Each subject but those that draw from the key their function was defined with."""
    return registry.load(request.param)


@pytest.fixture(scope="session")
def linen_dropout() -> Subject:
    """The Dropout of flax.linen."""
    return registry.load("linen.Dropout")


@pytest.fixture(scope="session")
def nnx_dropout() -> Subject:
    """The Dropout of flax.nnx."""
    return registry.load("nnx.Dropout")
