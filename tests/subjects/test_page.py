"""Each example of the page on layers of one's own makes a subject that passes what is named."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from dropout_props.engine import Judge, Settings
from dropout_props.environment.installed import probe
from dropout_props.properties import find
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.subject import Subject

_PAGE = Path(__file__).parents[2] / "docs/your-own-layer.md"
_JUDGE = Judge(replace(Settings.of(profile="smoke"), confirm=False), probe().conditions)


class MyDropout(nn.Module):
    """Dropout as every tutorial writes it."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, deterministic: bool) -> Any:
        """Return the output."""
        if deterministic or self.rate == 0.0:
            return x
        kept = jax.random.bernoulli(self.make_rng("dropout"), 1 - self.rate, x.shape)
        return jnp.where(kept, x / (1 - self.rate), 0)


class Block(nn.Module):
    """A residual block."""

    rate: float = 0.1

    @nn.compact
    def __call__(self, x: Any, train: bool = False) -> Any:
        """Return the output."""
        y = nn.Dropout(self.rate, deterministic=not train)(nn.Dense(16)(x))
        return x + nn.Dense(x.shape[-1])(y)


class Weighted(nn.Module):
    """Attention over the last axis, whose weights are dropped after the softmax."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, deterministic: bool) -> Any:
        """Return one number a row."""
        weights = nn.Dropout(self.rate, deterministic=deterministic)(nn.softmax(x / 60))
        return (weights * x).sum(axis=-1, keepdims=True)


class Classifier(nnx.Module):
    """A model of a fixed width."""

    def __init__(self, rate: float, *, rngs: nnx.Rngs) -> None:
        self.linear = nnx.Linear(24, 4, rngs=rngs)
        self.dropout = nnx.Dropout(rate, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        """Return scores."""
        return self.linear(self.dropout(x))


class Masked(nn.Module):
    """A layer whose call also requires a mask, and that returns a dict."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, mask: Any, *, deterministic: bool = False) -> Any:
        """Return the output under a key."""
        y = nn.Dropout(self.rate)(x, deterministic=deterministic)
        return {"hidden": (jnp.where(mask, y, 0), x)}


class Locked(nn.Module):
    """One mask for all steps in time."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, *, deterministic: bool = False) -> Any:
        """Return the output."""
        return nn.Dropout(self.rate, broadcast_dims=(1,))(x, deterministic=deterministic)


class Held(nn.Module):
    """One mask for all calls of one application."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, *, deterministic: bool = False) -> Any:
        """Return the output."""
        if deterministic or self.rate == 0.0:
            return x

        def drawn() -> Any:
            return jax.random.bernoulli(self.make_rng("dropout"), 1 - self.rate, x.shape)

        return jnp.where(self.variable("masks", "kept", drawn).value, x / (1 - self.rate), 0)


def ones_like(x: Any) -> Any:
    """A mask that hides nothing."""
    return jnp.ones(x.shape, bool)


def drop_without_scaling(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Dropout that does not scale at all."""
    if deterministic or rate == 0.0:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x, 0)


def drop_and_scale_later(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Dropout of the first paper: it scales in evaluation."""
    return (1 - rate) * x if deterministic else drop_without_scaling(key, x, rate, deterministic)


def drop_to_minus_one(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """A dropped unit is -1."""
    if deterministic or rate == 0.0:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x, jnp.asarray(-1, x.dtype))


class WordDropout(nn.Module):
    """Whole tokens become the id 0."""

    rate: float

    @nn.compact
    def __call__(self, ids: Any, deterministic: bool) -> Any:
        """Return ids."""
        if deterministic or self.rate == 0.0:
            return ids
        return jnp.where(
            jax.random.bernoulli(self.make_rng("dropout"), 1 - self.rate, ids.shape), ids, 0
        )


@cache
def _made() -> dict[str, Any]:
    """Run the lines of the page that give a subject a name."""
    lines = re.findall(r"^\w+ = Subject\.\w+\(.*\)$", _PAGE.read_text("utf-8"), flags=re.MULTILINE)
    names = dict(globals())
    for line in lines:
        exec(line, names)  # noqa: S102 (our own page)
    return {name: one for name, one in names.items() if isinstance(one, Subject)}


@pytest.mark.parametrize(
    ("name", "property_ids"),
    [
        ("plain", ("DP101", "DP201")),
        ("block", ("DP101", "DP802")),
        ("weighted", ("DP805",)),
        ("fixed_width", ("DP106", "DP802")),
        ("masked", ("DP201",)),
        ("locked", ("DP302",)),
        ("held", ("DP420", "DP401", "DP402")),
        ("unscaled", ("DP201",)),
        ("first_paper", ("DP101", "DP102", "DP201", "DP203")),
        ("replaced", ("DP201", "DP202")),
        ("words", ("DP201", "DP202")),
    ],
)
def test_an_example_of_the_page_passes(name: str, property_ids: tuple[str, ...]) -> None:
    """The subject that a line of the page makes is right, and is judged."""
    for property_id in property_ids:
        result = _JUDGE(_made()[name], find(property_id))
        assert result.verdict is Verdict.PASS, (property_id, result.shown)


def test_every_example_of_the_page_is_named_here() -> None:
    """A line that the page gains is tested, or this fails."""
    assert set(_made()) == {
        "plain", "block", "weighted", "fixed_width", "masked", "locked", "held", "unscaled",
        "first_paper", "replaced", "words",
    }  # fmt: skip
