"""The environment is read correctly, and a broken pair of Flax and JAX is one clear sentence."""

from importlib import metadata
from typing import Any

import jax
import pytest
from flax import nnx
from flax.configurations import config
from packaging.version import Version

from dropout_props.environment import releases, smoke
from dropout_props.environment.errors import BrokenPair
from dropout_props.environment.installed import probe, smoke_test


def test_probe_reads_versions_and_flags() -> None:
    """Versions come from the installed packages, flags from this process."""
    seen = probe()
    assert (seen.flax, seen.jax) == (metadata.version("flax"), jax.__version__)
    assert seen.prng_impl == "threefry2x32"
    assert seen.device == f"{jax.devices()[0].device_kind.lower()} x {jax.device_count()}"
    assert "not installed" not in vars(seen).values()


@pytest.mark.parametrize(
    ("flag", "field"),
    [("jax_enable_x64", "x64"), ("jax_threefry_partitionable", "threefry_partitionable")],
)
def test_probe_follows_the_flags(flag: Any, field: Any) -> None:
    """A changed flag is reported as changed."""
    before = bool(getattr(jax.config, flag))
    assert getattr(probe(), field) == before
    try:
        jax.config.update(flag, not before)
        assert getattr(probe(), field) == (not before)
    finally:
        jax.config.update(flag, before)


def test_probe_follows_the_flag_of_flax() -> None:
    """FLAX_FIX_RNG_SEPARATOR changes every mask of Linen, so it is reported."""
    before = probe().fix_rng_separator
    try:
        config.update("flax_fix_rng_separator", not before)
        assert probe().flags["fix_rng_separator"] == str(not before)
    finally:
        config.update("flax_fix_rng_separator", before)
    assert probe().conditions["fix_rng_separator"] == str(before)


def test_the_installed_pair_works() -> None:
    """The installed Flax and JAX pass the smoke test."""
    smoke_test()


def removed(*_: Any, **__: Any) -> Any:
    """Raise what Flax raises when JAX has removed a name."""
    raise AttributeError("module 'jax.core' has no attribute 'x'. See the\nchangelog.")


@pytest.mark.parametrize("number", range(6))
def test_each_step_can_fail(number: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the step that fails."""
    what = smoke._STEPS[number][0]
    steps = [(name, removed if name == what else run) for name, run in smoke._STEPS]
    monkeypatch.setattr(smoke, "_STEPS", tuple(steps))
    with pytest.raises(BrokenPair, match=rf" \({what} raised AttributeError: "):
        smoke_test()


def test_a_broken_pair_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the versions, the failed step and what to install; the cause is chained."""
    monkeypatch.setattr(nnx.Dropout, "__call__", removed)
    versions = {"flax": "0.12.6", "jax": "0.12.0.1"}
    monkeypatch.setattr(smoke, "version_of", versions.__getitem__)
    with pytest.raises(BrokenPair) as caught:
        smoke_test()
    assert str(caught.value) == (
        "Flax 0.12.6 does not work with JAX 0.12.0.1 (a call of nnx.Dropout raised "
        "AttributeError: module 'jax.core' has no attribute 'x'; See the changelog): install jax "
        "0.9.2, from the time of that Flax (pip install 'jax==0.9.2')."
    )
    assert isinstance(caught.value.__cause__, AttributeError)


@pytest.mark.parametrize(
    ("flax", "jax_version"),
    [("0.8.5", "0.4.30"), ("0.10.4", "0.5.1"), ("0.12.12", "0.12.0.1"), ("0.99.0", "0.12.0.1")],
)
def test_the_remedy_is_a_jax_of_that_flaxs_time(flax: Any, jax_version: Any) -> None:
    """A release between two rows of the table goes with the row below it."""
    assert smoke.remedy(flax).startswith(f"install jax {jax_version}, from the time of that Flax")


@pytest.mark.parametrize(
    ("flax", "sentence"),
    [
        ("0.8.2", "install flax 0.8.5, the oldest that is supported, with jax 0.4.30"),
        ("not installed", "install flax 0.12.12 or later"),
    ],
)
def test_the_remedy_without_a_supported_flax_is_a_flax(flax: Any, sentence: Any) -> None:
    """The remedy for a Flax that is too old or missing is a supported Flax."""
    assert smoke.remedy(flax) == sentence


def test_the_table_of_releases_is_in_order() -> None:
    """Releases ascend, and so do their versions of JAX."""
    rows = [releases.row_of(flax) for flax in releases.supported()]
    flax = [Version(row.flax) for row in rows if row is not None]
    jax = [Version(row.jax) for row in rows if row is not None]
    assert len(flax) == len(rows)
    assert flax == sorted(flax)
    assert jax == sorted(jax)
