"""The diagnosis of an NNX layer that eval() leaves in training mode: measured, never guessed."""

from typing import Any

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from dropout_props.cases.case import Case
from dropout_props.engine import Settings
from dropout_props.engine.diagnosis import diagnose
from dropout_props.properties import find
from dropout_props.subjects.nnx.switching import SET_BY_EVAL
from dropout_props.subjects.subject import Subject

_SETTINGS = Settings.of(profile="smoke")
_RULE = (
    "NNX's eval() sets the attributes deterministic and use_running_average alone: let the call "
    "read deterministic"
)


class _OwnFlag(nnx.Module):
    """A layer of its own flag, and with an attribute that only looks like one."""

    def __init__(self, rate: float, *, rngs: Any = None) -> None:
        self.rate, self.rngs = rate, rngs
        self.scaled = True
        self.training = True

    def __call__(self, x: Any) -> Any:
        if not self.training or self.rate == 0.0:
            return x
        kept = jax.random.bernoulli(self.rngs.dropout(), 1 - self.rate, x.shape)
        scale = 1 - self.rate if self.scaled else 1.0
        return jnp.where(kept, x / jnp.asarray(scale, x.dtype), jnp.zeros_like(x))


class _NoFlag(_OwnFlag):
    """A layer that reads a text, which no flag decides about."""

    def __init__(self, rate: float, *, rngs: Any = None) -> None:
        super().__init__(rate, rngs=rngs)
        self.mode = "train"

    def __call__(self, x: Any) -> Any:
        self.training = self.mode == "train"
        return super().__call__(x)


class _Model(nnx.Module):
    """A model of which eval() switches one layer of two."""

    def __init__(self, rate: float, *, rngs: nnx.Rngs) -> None:
        self.first = nnx.Linear(128, 32, rngs=rngs)
        self.right = nnx.Dropout(rate, rngs=rngs)
        self.own = _OwnFlag(rate, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        return self.own(self.right(self.first(x)))


class _Noisy(nnx.Module):
    """A layer that eval() switches, and that is wrong in evaluation all the same."""

    def __init__(self, rate: float, *, rngs: Any = None) -> None:
        self.rate, self.rngs = rate, rngs
        self.deterministic, self.other = False, True

    def __call__(self, x: Any) -> Any:
        keep = 1 - (self.rate / 2 if self.deterministic else self.rate)
        kept = jax.random.bernoulli(self.rngs.dropout(), keep, x.shape)
        return jnp.where(kept, x / jnp.asarray(keep, x.dtype), jnp.zeros_like(x))


def _diagnosis(layer: Any, property_id: str = "DP101") -> str:
    options: Any = {"law": "composite", "reference": "eval"} if layer is _Model else {}
    subject = Subject.nnx(layer, dtypes=("float32",), **options)
    return diagnose(subject, find(property_id), Case(shape=(7,), rate=1.0), _SETTINGS)


@pytest.mark.parametrize("layer", [_OwnFlag, _Model])
@pytest.mark.parametrize("property_id", ["DP101", pytest.param("DP802", marks=pytest.mark.nightly)])
def test_the_flag_that_eval_leaves_is_named(layer: Any, property_id: str) -> None:
    """With its other value the output is the same under every key, in a layer and in a model."""
    assert _diagnosis(layer, property_id) == (
        "eval() did not switch this layer: after it the attribute training of _OwnFlag is still "
        f"True, and with False the output is the same under every key. {_RULE}"
    )


def test_a_layer_without_a_flag_behaves_as_in_training() -> None:
    """That is said where the outputs are equal, and no attribute is named."""
    assert _diagnosis(_NoFlag) == (
        "eval() did not switch this layer: after it the output is that of training, bit for bit, "
        f"under each of 40 keys. {_RULE}"
    )


@pytest.mark.parametrize("layer", [nnx.Dropout, _Noisy])
def test_nothing_is_said_of_a_layer_that_eval_switches(layer: Any) -> None:
    """Neither where the evaluation is right, nor where it is wrong for another reason."""
    assert "eval()" not in _diagnosis(layer)


def test_eval_sets_these_attributes_and_no_others() -> None:
    """The rule that the diagnosis gives is that of the installed release."""
    module: Any = _OwnFlag(0.5)
    for name in SET_BY_EVAL:
        setattr(module, name, False)
    module.eval()
    assert {name: vars(module)[name] for name in (*SET_BY_EVAL, "training", "scaled")} == {
        "deterministic": True, "use_running_average": True, "training": True, "scaled": True,
    }  # fmt: skip
