"""Linen models: paths, lines, rates, lifted transforms, modes and phases."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, cast

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.recording import recording


class Block(nn.Module):
    """A layer with dropout, as in a transformer."""

    rate: float = 0.1

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        """Run it."""
        x = nn.Dense(8)(x)
        return nn.Dropout(self.rate, deterministic=not train)(x)


class Model(nn.Module):
    """Two blocks."""

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = True) -> jax.Array:
        """Run it."""
        x = Block(0.1, name="first")(x, train)
        return Block(0.2, name="second")(x, train)


class Layer(nn.Module):
    """A rematerialised block as the body of a scan."""

    @nn.compact
    def __call__(self, carry: jax.Array, train: bool) -> tuple[jax.Array, None]:
        """Run it."""
        return nn.remat(Block, static_argnums=(2,))()(carry, train), None


class Deep(nn.Module):
    """Three layers in a scan."""

    split: bool = True

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = True) -> jax.Array:
        """Run it."""
        layers = nn.scan(
            Layer,
            variable_axes={"params": 0},
            split_rngs={"params": True, "dropout": self.split},
            in_axes=nn.broadcast,
            length=3,
        )
        return layers()(x, train)[0]


X = jnp.ones((4, 8))


def variables(model: nn.Module) -> Any:
    """Make parameters without dropout."""
    return model.init(jax.random.key(0), X, train=False)


def loss(model: nn.Module, v: Any, key: jax.Array) -> jax.Array:
    """Run a model in training mode."""
    return jnp.sum(cast("jax.Array", model.apply(v, X, train=True, rngs={"dropout": key})) ** 2)


def test_a_site_has_path_line_rate_and_shape(key: jax.Array) -> None:
    """A site of Linen names modules as their scopes do, and the user's line."""
    model, v = Model(), variables(Model())
    with recording() as record:
        jax.jit(jax.grad(lambda v: loss(model, v, key)))(v)
    first, second = (d.site for d in record.draws)
    assert first.place.path == ("Model", "first", "Dropout_0")
    assert second.place.path == ("Model", "second", "Dropout_0")
    assert (first.declared_rate, second.declared_rate) == (0.1, 0.2)
    assert (first.shape, first.input_shape, first.module) == ((4, 8), (4, 8), "Dropout")
    assert (first.place.api, first.place.phase, first.place.file) == ("linen", "run", __file__)
    lines, start = inspect.getsourcelines(Block)
    assert "nn.Dropout" in lines[first.place.line - start]
    assert [d.probability for d in record.draws] == [np.float32(0.9), np.float32(0.8)]


@pytest.mark.parametrize("split", [True, False])
def test_a_scanned_rematerialised_model_under_grad(split: bool, key: jax.Array) -> None:
    """Each layer draws once and is replayed once; without split rngs on one key."""
    model = Deep(split)
    v = variables(model)
    with recording() as record:
        jax.jit(jax.value_and_grad(lambda v: loss(model, v, key)))(v)
    drawn = [d for d in record.draws if d.replay == 0]
    again = [d for d in record.draws if d.replay == 1]
    assert sorted(d.loops[0].index for d in drawn) == [0, 1, 2]
    assert len(drawn) + len(again) == len(record.draws)
    assert {(d.loops[0].index, d.key) for d in again} == {(d.loops[0].index, d.key) for d in drawn}
    assert len({d.key for d in drawn}) == (3 if split else 1)


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_recording_changes_no_bit(transform: Callable[..., Any], key: jax.Array) -> None:
    """Values and gradients are those of the program without a record."""
    model = Deep()
    v = variables(model)
    step = transform(jax.value_and_grad(lambda v, k: loss(model, v, k)))
    with recording() as record:
        seen = step(v, key)
    jax.tree.map(np.testing.assert_array_equal, seen, step(v, key))
    assert record.draws != ()


def test_evaluation_is_called_and_draws_nothing() -> None:
    """A module in evaluation mode is a call that did not draw."""
    model, v = Model(), variables(Model())
    with recording() as record:
        jax.jit(lambda v: model.apply(v, X, train=False))(v)
    assert record.draws == ()
    calls = [c for c in record.module_calls if c.module == "Dropout"]
    assert [(c.place.path[1], c.declared_rate, c.drew) for c in calls] == [
        ("first", 0.1, 0),
        ("second", 0.2, 0),
    ]


def test_init_is_a_phase_of_its_own(key: jax.Array) -> None:
    """Draws of `init`, dropout's and parameters', are told from those of `apply`."""
    model = Model()
    with recording() as record:
        v = model.init({"params": key, "dropout": key}, X)
        model.apply(v, X, rngs={"dropout": key})
    drop = [d for d in record.draws if d.site.module == "Dropout"]
    assert [d.site.phase for d in drop] == ["init", "init", "run", "run"]
    assert drop[0].key == drop[2].key
    made = [d for d in record.draws if d.site.module != "Dropout"]
    assert {d.site.phase for d in made} == {"init"}


def test_a_compiled_block_used_twice_is_named_by_its_calls(key: jax.Array) -> None:
    """Two calls of one compiled function know where they were called."""
    helper = jax.jit(lambda k, x: nn.Dropout(0.5, deterministic=False).apply({}, x, rngs=k))

    @jax.jit
    def step(k: jax.Array, x: jax.Array) -> jax.Array:
        x = helper({"dropout": k}, x)
        return helper({"dropout": k}, x)

    with recording() as record:
        step(key, X)
    lines = [d.calls[0].place.line for d in record.draws]
    assert lines[1] == lines[0] + 1


def test_nn_vmap_with_one_key_is_one_draw_for_all(key: jax.Array) -> None:
    """`nn.vmap` without split rngs for dropout shares one mask along its axis."""
    lifted = nn.vmap(
        nn.Dropout, variable_axes={}, split_rngs={"dropout": False}, in_axes=0, out_axes=0
    )
    with recording() as record:
        jax.jit(lambda k: lifted(0.5, deterministic=False).apply({}, X, rngs={"dropout": k}))(key)
    (draw,) = record.draws
    assert [(lane.size, lane.index) for lane in draw.lanes] == [(4, None)]


def test_attention_shares_its_mask_as_declared(key: jax.Array) -> None:
    """Attention is a module that declares a rate; its mask is smaller than its weights."""
    model = nn.MultiHeadDotProductAttention(num_heads=2, dropout_rate=0.1, deterministic=False)
    x = jnp.ones((3, 5, 8))
    v = model.init({"params": key, "dropout": key}, x)
    with recording() as record:
        jax.jit(lambda v, k: model.apply(v, x, rngs={"dropout": k}))(v, key)
    (draw,) = record.draws
    assert draw.site.declared_rate == 0.1
    assert draw.site.shape == (1, 1, 5, 5)
    assert draw.site.module == "MultiHeadDotProductAttention"
