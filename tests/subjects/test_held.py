"""A layer that says so has one mask at all calls, and a Linen layer may keep it in a variable."""

from dataclasses import replace
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from dropout_props.engine import Judge, Settings
from dropout_props.properties import find
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.errors import WiringError
from dropout_props.subjects.subject import Subject

_JUDGE = Judge(replace(Settings.of(profile="smoke"), confirm=False), {})


class Counting(nn.Module):
    """Dropout that counts its training calls in a collection, which its initialisation makes."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, *, deterministic: bool = False) -> Any:
        """Return the output."""
        calls = self.variable("calls", "number", lambda: jnp.zeros((), int))
        if deterministic or self.rate == 0.0:
            return x
        calls.value += 1
        return nn.Dropout(self.rate, deterministic=False)(x)


class Noted(nn.Module):
    """Dropout that makes a collection in training, beside those of its initialisation."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, *, deterministic: bool = False) -> Any:
        """Return the output."""
        calls = self.variable("calls", "number", lambda: jnp.zeros((), int))
        self.variable("texts", "author", lambda: "me")
        if deterministic or self.rate == 0.0:
            return x
        calls.value += 1
        y = nn.Dropout(self.rate, deterministic=False)(x)
        self.variable("masks", "last", lambda: y != 0)
        return y


class Kept:
    """Holds a mask; NNX ignores it."""

    mask: Any = None


class Held(nnx.Module):
    """One mask for all calls of one object."""

    def __init__(self, rate: float, *, rngs: nnx.Rngs | None = None) -> None:
        self.rate, self.rngs, self.kept = rate, rngs, Kept()

    def __call__(self, x: Any, *, deterministic: bool = False) -> Any:
        """Return the output."""
        if deterministic or self.rate == 0.0:
            return x
        if self.kept.mask is None:
            assert self.rngs is not None
            self.kept.mask = jax.random.bernoulli(self.rngs.dropout(), 1 - self.rate, x.shape)
        return jnp.where(self.kept.mask, x / (1 - self.rate), 0)


def test_an_nnx_layer_that_holds_its_mask_passes() -> None:
    """The calls of one object agree, and what is about new masks does not apply."""
    subject = Subject.nnx(Held, held=True)
    result = _JUDGE(subject, find("DP420"))
    assert result.verdict is Verdict.PASS, result.shown
    for property_id in ("DP403", "DP409", "DP508"):
        result = _JUDGE(subject, find(property_id))
        assert result.verdict is Verdict.NOT_APPLICABLE
        assert result.shown.startswith("it holds its mask")


def test_a_layer_that_draws_again_fails() -> None:
    """The message names the call and the units."""
    result = _JUDGE(Subject.linen(nn.Dropout, held=True), find("DP420"))
    assert result.verdict is Verdict.FAIL
    assert "call 2 of one layer, compared with its first call: " in result.shown


def test_a_held_mask_is_no_fault_where_it_is_not_said() -> None:
    """Without the trait the same layer fails the opposite property."""
    result = _JUDGE(Subject.nnx(Held), find("DP403"))
    assert result.verdict is Verdict.FAIL


@pytest.mark.parametrize("options", [{}, {"mutable": ("calls",)}, {"mutable": "calls"}])
def test_a_collection_that_training_updates_is_mutable(options: Any) -> None:
    """Found by its initialisation, or named."""
    subject = Subject.linen(Counting, kind="layer", **options)
    assert _JUDGE(subject, find("DP201")).verdict is Verdict.PASS
    assert _JUDGE(subject, find("DP508")).shown.startswith("it updates calls")


def test_a_collection_that_training_makes_is_named() -> None:
    """It is added to those of the initialisation, which may hold other things than arrays."""
    subject = Subject.linen(Noted, kind="layer", mutable=("masks",))
    result = _JUDGE(subject, find("DP201"))
    assert result.verdict is Verdict.PASS, result.shown
    assert "calls, masks" in _JUDGE(subject, find("DP508")).shown
    assert _JUDGE(Subject.linen(Noted, kind="layer"), find("DP201")).verdict is Verdict.ERROR


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("params",), r"^mutable=\('params',\): no call changes the parameters"),
        ((1,), r"^mutable=\(1,\): give the names of collections"),
    ],
)
def test_wrong_collections_are_refused(given: Any, words: str) -> None:
    """The message names the value and the rule."""
    with pytest.raises(WiringError, match=words):
        Subject.linen(Counting, mutable=given)


def test_nnx_takes_no_collections() -> None:
    """A module of NNX updates its variables itself."""
    with pytest.raises(WiringError, match=r"^mutable=\('masks',\): Held is an nnx.Module"):
        Subject.nnx(Held, mutable=("masks",))
