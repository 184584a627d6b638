"""JAX's flags for debugging stop no snapshot, campaign, smoke test or load of a right layer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from dropout_props.campaign.sampling import sampler_of
from dropout_props.campaign.verify import verify
from dropout_props.campaign.work import work
from dropout_props.cases.case import Case
from dropout_props.engine.probe import probe
from dropout_props.engine.snapshot import masks, take_one
from dropout_props.environment.smoke import smoke_test
from dropout_props.layers import registry
from dropout_props.results.records import SubjectSnapshot
from dropout_props.subjects.subject import Subject

_FLAGS: dict[str, dict[str, Any]] = {
    "nans": {"jax_debug_nans": True, "jax_debug_infs": True},
    "transfers": {"jax_transfer_guard": "disallow"},
    "eager_transfers": {"jax_transfer_guard": "disallow", "jax_disable_jit": True},
}


@pytest.fixture(params=_FLAGS)
def flags(request: pytest.FixtureRequest) -> Iterator[str]:
    """Set some of the flags."""
    config: Any = jax.config
    before = {name: getattr(config, name) for name in _FLAGS[request.param]}
    for name, value in _FLAGS[request.param].items():
        config.update(name, value)
    yield request.param
    for name, value in before.items():
        config.update(name, value)


def layer(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Dropout, right on every input."""
    if deterministic or rate == 0.0:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


@pytest.fixture(scope="module")
def without_flags() -> SubjectSnapshot:
    """Take the snapshot with a few blocks, and no flag."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(masks, "NUM_BLOCKS", 1)
        return take_one(Subject.function(layer))


def test_a_snapshot_is_the_same(
    without_flags: SubjectSnapshot, flags: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has no trouble, and equal masks, counts and answers: also to a rate that is NaN."""
    monkeypatch.setattr(masks, "NUM_BLOCKS", 1)
    assert not without_flags.trouble
    assert take_one(Subject.function(layer)) == without_flags, flags


def test_trying_finds_what_a_layer_refuses(flags: str) -> None:
    """A layer that is not batched is called with numbers of Python, also outside the judge."""

    def even(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
        if x.size % 2:
            raise ValueError("an odd number of units")
        return layer(key, x, rate, deterministic)

    traits: Any = {"batching": "loop", "dtypes": ("float32",), "min_rank": 1, "max_rank": 1}
    [note] = probe(Subject.function(even, **traits, empty=False)).notes
    assert "(ValueError: an odd number of units)" in note, flags


def test_a_campaign_counts_and_verifies(tmp_path: Path, flags: str) -> None:
    """Both commands build and count within the engine's own calls."""
    sampler = sampler_of(Subject.function(layer), "DP202", Case(shape=(16,)), run_seed=0)
    contents = work(tmp_path, sampler, until=1, chunk_blocks=1)
    assert len(contents.chunks) == 1, flags
    [verified] = verify(tmp_path, lambda _: sampler)
    assert not verified.wrong


def test_flax_and_jax_are_not_called_incompatible(flags: str) -> None:
    """The smoke test of a working pair passes."""
    assert smoke_test() is None, flags  # type: ignore[func-returns-value]


def test_a_module_with_a_key_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str
) -> None:
    """A number becomes an array while the module is imported."""
    name = f"keyed_{flags}"
    (tmp_path / f"{name}.py").write_text(
        "import jax\nKEY = jax.random.PRNGKey(0)\n"
        "def layer(key, x, rate, deterministic): return x\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert registry.load(f"{name}:layer").name == f"{name}:layer"
