"""The properties of large masks: whom they are asked of, and what they say where they cannot be."""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.cases.case import Case
from dropout_props.engine import Judge, Settings
from dropout_props.engine.cases import explicit_cases
from dropout_props.properties import NotRun, dp307_rank, find, large_masks, memory
from dropout_props.properties.sampler import Sampler
from dropout_props.results.verdict import Verdict
from dropout_props.statistics import FixedParity
from dropout_props.subjects.subject import Subject

_JUDGE = Judge(Settings.of(profile="smoke"), {})
_TILE = 2**14


def _dropout(draw: Any, name: str, **traits: Any) -> Subject:
    def layer(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
        if deterministic or rate == 0.0:
            return x
        return jnp.where(draw(key, x.shape, 1.0 - rate), x / (1.0 - rate), jnp.zeros_like(x))

    return Subject.function(layer, name=name, rate_one=False, **traits)


def _plain(key: Any, shape: Any, keep: float) -> Any:
    return jax.random.bernoulli(key, keep, shape)


def _tiled(key: Any, shape: Any, keep: float) -> Any:
    size = int(np.prod(shape))
    return jax.random.bernoulli(key, keep, (min(size, _TILE),))[jnp.arange(size) % _TILE].reshape(
        shape
    )


def _by_rows(key: Any, shape: Any, keep: float) -> Any:
    return jax.random.bernoulli(key, keep, (*shape[:1], *(1,) * (len(shape) - 1)))


def _on_host(key: Any, shape: Any, keep: float) -> Any:
    words = np.asarray(jax.random.key_data(key))  # which no tracer allows
    return jax.random.bernoulli(jax.random.wrap_key_data(jnp.asarray(words)), keep, shape)


_CORRECT = {
    "any": _dropout(_plain, "any"),
    "a fixed rate of 0.1": _dropout(_plain, "tenth", rate=0.1),
    "a fixed rate of 0.999": _dropout(_plain, "rare", rate=0.999),
    "two axes at the most": _dropout(_plain, "flat", max_rank=2),
    "three axes at the least": _dropout(_plain, "deep", min_rank=3),
    "one mask a row": _dropout(_by_rows, "rows", shares_rest=True, min_rank=2),
}


@pytest.mark.parametrize("property_id", ["DP306", "DP307"])
@pytest.mark.parametrize("traits", _CORRECT)
def test_a_correct_layer_passes(traits: str, property_id: str) -> None:
    """Whatever it can be asked, at least one case is judged."""
    result = _JUDGE(_CORRECT[traits], find(property_id))
    assert result.verdict is Verdict.PASS, result.shown
    assert result.num_examples > 0


@pytest.mark.parametrize("rate", [None, 0.1])
def test_a_tile_is_seen_at_the_rate_of_the_layer(rate: float | None) -> None:
    """Its distance is named; at a fixed rate, wider windows show it."""
    result = _JUDGE(_dropout(_tiled, f"tiled-{rate}", rate=rate), find("DP306"))
    assert result.verdict is Verdict.FAIL, result.shown
    assert f"on repeat those {_TILE} units on, from" in result.shown
    assert result.failure is not None
    assert result.failure.confirmation.startswith("confirmed")


@pytest.mark.nightly  # 17 seconds: each mask is drawn by itself
def test_a_layer_that_is_called_key_by_key_is_asked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """No tracer reaches a layer that cannot be traced."""
    monkeypatch.setattr(large_masks, "free_bytes", lambda: 2**20)  # without the largest cases
    subject = _dropout(_on_host, "host", batching="loop")
    result = _JUDGE(subject, find("DP306"))
    assert result.verdict is Verdict.PASS, result.shown


def test_a_layer_without_chance_is_not_judged() -> None:
    """At a fixed rate of 0 every window is like every other, and nothing is wrong with it."""
    result = _JUDGE(_dropout(_plain, "idle", rate=0.0), find("DP306"))
    assert result.verdict is Verdict.NOT_APPLICABLE
    assert "at rate 0.0 all windows are alike" in result.shown


def test_a_case_that_does_not_fit_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are judged; the sentence says what was not, what it needs and what there is."""
    monkeypatch.setattr(large_masks, "free_bytes", lambda: 2**25)
    result = _JUDGE(_dropout(_plain, "small machine"), find("DP307"))
    assert result.verdict is Verdict.PASS
    judged = len(explicit_cases(find("DP307").decision, _dropout(_plain, "plain"))) - 1
    assert result.shown == (
        f"no counterexample in {judged} cases; not run: (4096, 1024): it needs 0.1 GiB of memory, "
        "and 0.0 GiB are free"
    )


def test_the_largest_masks_need_the_memory_that_their_units_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """2^33 units take 224 GiB, so that a machine with 100 GiB does not begin with them."""
    monkeypatch.setattr(large_masks, "free_bytes", lambda: 100 * 2**30)
    huge = Sampler(_dropout(_plain, "plain"), Case(shape=(2**23, 2**10)), "DP306")
    with pytest.raises(NotRun, match=r"it needs 224\.0 GiB of memory, and 100\.0 GiB are free"):
        large_masks.large_masks(huge)


def test_a_parity_of_many_units_is_cut_short() -> None:
    """Eight of the units are named, and the others are counted."""
    said = dp307_rank._said(FixedParity(tuple(range(20)), is_odd=True), (4, 5))
    assert said == (
        "an odd number of the units (0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (1, 0), (1, 1), "
        "(1, 2) and 12 more is kept"
    )


def test_free_memory_is_the_least_of_what_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine's, or what the limit of a container leaves; nothing where nothing is told."""
    limit, used, machine = (tmp_path / name for name in ("max", "current", "meminfo"))
    monkeypatch.setattr(memory, "_LIMITS", ((limit, used),))
    monkeypatch.setattr(memory, "_MEMINFO", machine)
    assert memory.free_bytes() is None
    machine.write_text("MemTotal: 9 kB\nMemAvailable:       4 kB\n", encoding="ascii")
    assert memory.free_bytes() == 4096
    limit.write_text("max\n", encoding="ascii")
    used.write_text("1000\n", encoding="ascii")
    assert memory.free_bytes() == 4096
    limit.write_text("3000\n", encoding="ascii")
    assert memory.free_bytes() == 2000
