"""Faults inside published models are found by recording them, and right models have none."""

from typing import Any

import jax
import jax.numpy as jnp
import pytest

import dropout_props
from tests.subjects.published_layers import published

_STEPS = 3


def _recorded(model: Any, x: Any, options: Any = (), **mode: bool) -> Any:
    """Return the record of a few training steps of a model."""
    variables = model.init({"params": jax.random.key(0)}, x, **{k: not v for k, v in mode.items()})
    with dropout_props.record(**dict(options)) as record:
        for step in range(_STEPS):
            keys = {"dropout": jax.random.key(step + 1)}
            model.apply(variables, x, rngs=keys, **mode)
    return record


@pytest.mark.parametrize(("how", "fails"), [("right", False), ("one", True)])
def test_one_key_at_two_sites_is_found(how: str, fails: bool) -> None:
    """A block that serves two dropouts with one key fails DP905; two keys do not."""
    block = published("one_key_two_sites").Block(0.5, how=how)
    record = _recorded(block, jnp.ones((8, 16)), deterministic=False)
    assert ("DP905" in record.judgement.failed) is fails


@pytest.mark.parametrize(("how", "fails"), [("right", False), ("one", True)])
def test_one_coin_for_two_conditions_is_found(how: str, fails: bool) -> None:
    """Two conditions that are dropped by one key fail DP905; by two keys they do not."""
    model = published("cond_dropout").Two(0.5, how=how)
    record = _recorded(model, jnp.ones((8, 4, 6)), train=True)
    assert ("DP905" in record.judgement.failed) is fails


_SHAPE = (4, 10, 10, 5)
_RATE = 0.1
_SEEDS = _RATE / 3**2 * 10 * 10 / (8 * 8)  # blocks of 3 by 3 that drop a unit with chance 0.1


@pytest.mark.parametrize(
    ("how", "failed", "row"),
    [
        ("right", set(), "4x8x8x5  - "),
        ("gamma", {"DP912"}, "4x8x8x5  - "),
        ("channels", set(), "4x8x8x1  3 "),
    ],
)
def test_the_blocks_of_dropblock_are_seen(how: str, failed: set[str], row: str) -> None:
    """A record compares their chance with the one that is configured, and shows a shared axis."""
    declared = {
        "rates": {"DropBlock": 1 - _SEEDS},
        "ignore": {"DropBlock": (("DP903",), "it draws the seeds of blocks")},
    }
    model = published("dropblock").DropBlock(_RATE, how=how)
    record = _recorded(model, jnp.ones(_SHAPE), declared, deterministic=False)
    assert record.judgement.failed == failed
    assert row in record.report()
