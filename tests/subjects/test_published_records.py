"""Faults inside published models are found by recording them, and right models have none."""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest

import dropout_props

_FOLDER = Path(__file__).parent / "published"
_STEPS = 3


@cache
def _file(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"recorded_{name}", _FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _failed(model: Any, x: Any, **mode: bool) -> frozenset[str]:
    """Return the properties that fail while a model takes a few training steps."""
    variables = model.init({"params": jax.random.key(0)}, x, **{k: not v for k, v in mode.items()})
    with dropout_props.record() as record:
        for step in range(_STEPS):
            keys = {"dropout": jax.random.key(step + 1)}
            model.apply(variables, x, rngs=keys, **mode)
    return record.judgement.failed


@pytest.mark.parametrize(("how", "fails"), [("right", False), ("one", True)])
def test_one_key_at_two_sites_is_found(how: str, fails: bool) -> None:
    """A block that serves two dropouts with one key fails DP905; two keys do not."""
    block = _file("one_key_two_sites").Block(0.5, how=how)
    assert ("DP905" in _failed(block, jnp.ones((8, 16)), deterministic=False)) is fails


@pytest.mark.parametrize(("how", "fails"), [("right", False), ("one", True)])
def test_one_coin_for_two_conditions_is_found(how: str, fails: bool) -> None:
    """Two conditions that are dropped by one key fail DP905; by two keys they do not."""
    model = _file("cond_dropout").Two(0.5, how=how)
    assert ("DP905" in _failed(model, jnp.ones((8, 4, 6)), train=True)) is fails
