"""The wiring of a user's layer is inferred from its signatures."""

from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dropout_props.subjects.errors import WiringError
from dropout_props.subjects.operations import Repeat
from dropout_props.subjects.subject import Subject
from dropout_props.subjects.traits import Ability


def masked(key: Any, x: Any, rate: Any, deterministic: Any) -> Any:
    """A correct dropout as a function."""
    if deterministic:
        return x
    kept = jax.random.bernoulli(key, 1 - rate, x.shape)
    return jnp.where(kept, x / (1 - rate), 0)


class CallMode(nn.Module):
    """A layer whose call takes the mode."""

    rate: float

    @nn.compact
    def __call__(self, x: Any, deterministic: Any) -> Any:
        """Drops unless deterministic."""
        return nn.Dropout(self.rate)(x, deterministic=deterministic)


class Training(nn.Module):
    """A layer whose constructor takes the mode, where True means training."""

    drop_rate: float
    training: bool

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Drops in training."""
        return nn.Dropout(self.drop_rate, deterministic=not self.training)(x)


class Fixed(nn.Module):
    """A layer with a fixed rate."""

    @nn.compact
    def __call__(self, x: Any, *, train: Any) -> Any:
        """Drops in training."""
        return nn.Dropout(0.25)(x, deterministic=not train)


class Wide(nn.Module):
    """A layer whose constructor requires more than a rate."""

    rate: float
    width: int

    @nn.compact
    def __call__(self, x: Any, *, is_training: Any) -> Any:
        """Drops in training, after a Dense layer."""
        x = nn.Dense(self.width)(x)
        return nn.Dropout(self.rate)(x, deterministic=not is_training)


class Methods(nnx.Module):
    """An NNX layer whose mode is set by train() and eval()."""

    def __init__(self, dropout_rate: Any, *, rngs: Any) -> None:
        self.dropout = nnx.Dropout(dropout_rate, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        """Drops in the mode it is in."""
        return self.dropout(x)


class Constructed(nnx.Module):
    """An NNX layer whose constructor takes the mode."""

    def __init__(self, rate: Any, *, is_training: Any, rngs: Any) -> None:
        self.dropout = nnx.Dropout(rate, deterministic=not is_training, rngs=rngs)

    def __call__(self, x: Any) -> Any:
        """Drops in the mode it was built in."""
        return self.dropout(x)


class Model(nnx.Module):
    """An NNX model with parameters."""

    def __init__(self, rate: Any, *, rngs: Any, width: Any = 16) -> None:
        self.linear = nnx.Linear(16, width, rngs=rngs)
        self.dropout = nnx.Dropout(rate, rngs=rngs)

    def __call__(self, x: Any, *, deterministic: Any) -> Any:
        """Drops after a Linear layer."""
        return self.dropout(self.linear(x), deterministic=deterministic)


GOOD = {
    "call": lambda: Subject.linen(CallMode),
    "constructor": lambda: Subject.linen(Training),
    "fixed": lambda: Subject.linen(Fixed, rate=0.25),
    "lambda": lambda: Subject.linen(
        lambda rate: Wide(rate, width=16), name="wide", reference="eval"
    ),
    "partial": lambda: Subject.linen(partial(Wide, width=16), reference="eval"),
    "named by hand": lambda: Subject.linen(
        lambda p, training: Training(drop_rate=p, training=training), name="p", rate_parameter="p"
    ),
    "nnx methods": lambda: Subject.nnx(Methods),
    "nnx constructor": lambda: Subject.nnx(Constructed),
    "nnx partial": lambda: Subject.nnx(partial(Methods)),
    "nnx fixed": lambda: Subject.nnx(lambda rngs: Methods(0.25, rngs=rngs), name="f", rate=0.25),
    "nnx model": lambda: Subject.nnx(Model, params=True, reference="eval"),
    "function": lambda: Subject.function(masked),
}


@pytest.mark.parametrize("build", GOOD.values(), ids=GOOD)
def test_one_line_makes_a_layer_a_subject(build: Any, x: Any, key: Any) -> None:
    """The training output is masked at the rate; the evaluation output is the reference."""
    subject = build()
    rate = subject.traits.rate or 0.5
    reference = np.asarray(subject.reference(x))
    np.testing.assert_array_equal(subject.call(x, rate=rate, training=False), reference)
    output = np.asarray(subject.call(x, rate=rate, training=True, streams={"dropout": key}))
    kept = output != 0
    np.testing.assert_allclose(output[kept], reference[kept] / (1 - rate), rtol=1e-6)
    assert kept.any()
    assert not kept.all()


@pytest.mark.parametrize("build", [GOOD["partial"], GOOD["nnx model"]], ids=["linen", "nnx"])
def test_parameters_are_the_same_in_every_call(build: Any, x: Any, key: Any) -> None:
    """They are the same after other calls and traces."""
    subject = build()
    traced = jax.jit(lambda key: subject.call(x, rate=0.5, training=True, streams={"dropout": key}))
    traced(key)
    first = np.asarray(subject.reference(x))
    subject.run(Repeat(2), x, rate=0.5, streams={"dropout": key})
    np.testing.assert_array_equal(subject.reference(x), first)
    np.testing.assert_array_equal(subject.reference(x[:2]), first[:2])
    assert first.std() > 0


def test_a_subject_has_the_name_of_its_layer() -> None:
    """Its source is where the layer is defined, or empty for a lambda."""
    assert (Subject.linen(CallMode).name, Subject.function(masked).name) == ("CallMode", "masked")
    assert Subject.linen(CallMode).source == f"{__name__}:CallMode"
    assert Subject.linen(partial(Wide, width=16), reference="eval").name == "Wide"
    assert GOOD["lambda"]().source == ""
    assert Subject.linen(CallMode, name="a", source="b:c").source == "b:c"


def test_abilities_follow_from_signatures(linen_dropout: Subject, nnx_dropout: Subject) -> None:
    """A parameter of the signature gives the ability; without it the ability is missing."""
    offered: tuple[Ability, ...] = ("named_stream", "explicit_key", "broadcast_dims")
    for subject in (linen_dropout, nnx_dropout):
        assert [subject.traits.lacks(ability) for ability in offered] == [None] * 3
    for subject in (Subject.linen(CallMode), Subject.nnx(Methods)):
        assert all(subject.traits.lacks(ability) for ability in offered)


class NoMode(nn.Module):
    """A layer that is always in training."""

    rate: float

    @nn.compact
    def __call__(self, x: Any) -> Any:
        """Drops."""
        return nn.Dropout(self.rate, deterministic=False)(x)


class Other(nn.Module):
    """A layer whose rate has an unusual name."""

    fraction: float

    @nn.compact
    def __call__(self, x: Any, *, train: Any) -> Any:
        """Drops in training."""
        return nn.Dropout(self.fraction)(x, deterministic=not train)


class Broken(nn.Module):
    """A layer whose constructor raises."""

    rate: float

    def __post_init__(self) -> None:
        """Raise: it lacks a file."""
        raise OSError("no file of weights")


class NoRngs(nnx.Module):
    """An NNX layer that takes no keys."""

    def __init__(self, rate: Any) -> None:
        self.rate = rate


BAD: dict[str, tuple[Any, str]] = {
    "no rate": (
        lambda: Subject.linen(Fixed),
        (
            "Fixed takes no rate: its constructor has parent, name, none of rate, drop_rate, "
            "dropout_rate, drop_prob, dropout. Name the parameter (rate_parameter='...'), or set "
            "the fixed rate (rate=0.5)."
        ),
    ),
    "no mode": (
        lambda: Subject.linen(NoMode),
        (
            "NoMode takes no mode: its call has x and its constructor rate, parent, name, none of "
            "deterministic, training, train, is_training. Wrap it in a callable that takes one of "
            "these names, such as lambda rate, deterministic: ..."
        ),
    ),
    "mode of unknown sense": (
        lambda: Subject.linen(NoMode, mode_parameter="off", mode_place="constructor"),
        (
            "mode_parameter='off' of NoMode is not one of deterministic, training, train, "
            "is_training, so it is unknown which value means training. Wrap the layer in a "
            "callable that takes one of these names."
        ),
    ),
    "open argument": (
        lambda: Subject.linen(Wide),
        (
            "Wide cannot be built: its constructor also requires width. Pass a callable that "
            "sets them, such as lambda rate: Wide(rate=rate, width=...)."
        ),
    ),
    "rate of another name": (
        lambda: Subject.linen(Other, name="mine:Other"),
        (
            "mine:Other cannot be built: its constructor also requires fraction. None of rate, "
            "drop_rate, dropout_rate, drop_prob, dropout is among its parameters: if fraction is "
            "the rate, say rate_parameter='fraction'. Otherwise pass a callable that sets them, "
            "such as lambda rate: Other(fraction=...)."
        ),
    ),
    "constructor that raises": (
        lambda: Subject.linen(Broken, name="mine:Broken"),
        (
            "mine:Broken cannot be built: Broken(rate=0.5) raised OSError: no file of weights. If "
            "it needs other arguments, pass a callable that sets them."
        ),
    ),
    "nnx open argument": (
        lambda: Subject.nnx(
            lambda rate, width, rngs: Model(rate, rngs=rngs, width=width), name="M"
        ),
        (
            "M cannot be built: its constructor also requires width. Pass a callable that sets "
            "them, such as lambda rate, rngs: M(rate=rate, width=..., rngs=rngs)."
        ),
    ),
    "no rngs": (
        lambda: Subject.nnx(NoRngs),
        (
            "NoRngs takes no keys: its constructor has rate, not rngs. Pass a callable that "
            "takes it, such as lambda rate, rngs: NoRngs(rate, rngs=rngs)."
        ),
    ),
    "no linen module": (
        lambda: Subject.linen(lambda rate: rate, name="odd"),
        (
            "odd returned a float, which is not a flax.linen.Module. Pass a Module class or a "
            "callable that returns a module; for a plain function use Subject.function, for an "
            "nnx.Module Subject.nnx."
        ),
    ),
    "no nnx module": (
        lambda: Subject.nnx(lambda rate, rngs: (rate, rngs), name="odd"),
        (
            "odd returned a tuple, which is not a flax.nnx.Module. Pass a Module class or a "
            "callable that returns a module; for a plain function use Subject.function, for a "
            "flax.linen.Module Subject.linen."
        ),
    ),
    "function of three": (
        lambda: Subject.function(lambda key, x, rate: (key, x, rate), name="three"),
        (
            "three(key, x, rate) cannot be called as f(key, x, rate, deterministic): too many "
            "positional arguments. Wrap it in a function of these four arguments."
        ),
    ),
}


@pytest.mark.parametrize(("build", "message"), BAD.values(), ids=BAD)
def test_the_message_for_a_layer_that_cannot_be_wired(build: Any, message: Any) -> None:
    """The whole message: what is missing, which names were tried, what to do."""
    with pytest.raises(WiringError) as caught:
        build()
    assert str(caught.value) == message


def _by_keyword(x: Any, *, rng: Any, drop_rate: float, train: bool) -> Any:
    return masked(rng, x, drop_rate, not train)


@pytest.mark.parametrize(
    "function",
    [
        masked,
        lambda k, v, r, d: masked(k, v, r, deterministic=d),
        lambda key, x, rate=0.1, deterministic=False: masked(key, x, rate, deterministic),
        lambda x, key, rate, deterministic: masked(key, x, rate, deterministic),
        lambda rng, inputs, p, training: masked(rng, inputs, p, not training),
        lambda inputs, rate, is_training, key=None: masked(key, inputs, rate, not is_training),
        _by_keyword,
    ],
)
def test_the_parameters_of_a_function_are_found_by_their_names(function: Any) -> None:
    """In any order, by keyword alone, and with a mode whose True means training."""
    x, key = np.arange(1, 9, dtype=np.float32), jax.random.key(3)
    subject = Subject.function(function)
    seen = [
        subject.call(x, rate=0.5, training=mode, streams={"dropout": key}) for mode in (True, False)
    ]
    np.testing.assert_array_equal(seen[0], masked(key, x, 0.5, deterministic=False))
    np.testing.assert_array_equal(seen[1], x)
