"""NNX models: paths, rates, transforms, modes and phases."""

from __future__ import annotations

from typing import Any

import flax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from packaging.version import Version

from dropout_props.recording import recording


class Block(nnx.Module):
    """A layer with dropout."""

    def __init__(self, rate: float, rngs: nnx.Rngs) -> None:
        self.dense = nnx.Linear(8, 8, rngs=rngs)
        self.drop = nnx.Dropout(rate, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Run it."""
        return self.drop(self.dense(x))


class Model(nnx.Module):
    """Two blocks."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.first = Block(0.1, rngs)
        self.second = Block(0.2, rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Run it."""
        return self.second(self.first(x))


X = jnp.ones((4, 8))


@nnx.jit
def step(model: Model, x: jax.Array) -> Any:
    """One step of training."""
    return nnx.value_and_grad(lambda m: jnp.sum(m(x) ** 2))(model)


def test_a_site_has_path_line_rate_and_shape() -> None:
    """A site of NNX names modules by the attributes that hold them, under `nnx.jit` too."""
    model = Model(nnx.Rngs(0))
    with recording() as record:
        step(model, X)
    sites = [d.site for d in record.draws]
    assert [s.place.path for s in sites] == [
        ("Model", "first", "drop"),
        ("Model", "second", "drop"),
    ]
    assert [s.declared_rate for s in sites] == [0.1, 0.2]
    assert {(s.place.api, s.place.phase, s.place.file) for s in sites} == {("nnx", "run", __file__)}
    assert [s.input_shape for s in sites] == [(4, 8)] * 2


def test_two_steps_have_two_keys_each() -> None:
    """The stream moves on from step to step."""
    model = Model(nnx.Rngs(0))
    with recording() as record:
        step(model, X)
        record.mark_step()
        step(model, X)
    assert [d.step for d in record.draws] == [0, 0, 1, 1]
    assert len({d.key for d in record.draws}) == 4


def test_evaluation_is_called_and_draws_nothing() -> None:
    """A model in evaluation mode is called and draws nothing."""
    model = Model(nnx.Rngs(0))
    nnx.Module.eval(model)  # type: ignore[no-untyped-call]
    with recording() as record:
        step(model, X)
    assert record.draws == ()
    assert [(c.place.path, c.drew) for c in record.module_calls] == [
        (("Model", "first", "drop"), 0),
        (("Model", "second", "drop"), 0),
    ]


def test_construction_is_a_phase_of_its_own() -> None:
    """What a constructor draws is phase `init`."""
    with recording() as record:
        Model(nnx.Rngs(0))(X)
    phases = {d.site.place.path[-1]: d.site.phase for d in record.draws}
    assert phases["drop"] == "run"
    assert {d.site.phase for d in record.draws if d.site.place.path[-1] != "drop"} == {"init"}


@pytest.mark.skipif(
    Version(flax.__version__) < Version("0.11.2"),
    reason="before Flax 0.11.2 this program does not run without a record either",
)
@pytest.mark.parametrize("shared", [False, True])
def test_a_scanned_model(shared: bool) -> None:
    """Layers of `nnx.scan` with split streams have keys of their own; broadcast ones share."""

    @nnx.split_rngs(splits=3)
    @nnx.vmap(in_axes=(0,), out_axes=0)
    def create(rngs: nnx.Rngs) -> Block:
        return Block(0.1, rngs)

    layers = create(nnx.Rngs(0))

    @nnx.jit
    def run(layers: Block, x: jax.Array) -> jax.Array:
        @nnx.scan(in_axes=(0, nnx.Carry), out_axes=nnx.Carry)
        def body(layer: Block, x: jax.Array) -> jax.Array:
            rngs = jax.random.key(1) if shared else None
            return layer.drop(layer.dense(x), rngs=rngs)

        return body(layers, x)

    with recording() as record:
        run(layers, X)
    assert [d.loops[0].index for d in record.draws] == [0, 1, 2]
    assert len({d.key for d in record.draws}) == (1 if shared else 3)


def test_recording_changes_no_bit() -> None:
    """Values and gradients are those of the program without a record."""
    with recording():
        seen = step(Model(nnx.Rngs(0)), X)
    plain = step(Model(nnx.Rngs(0)), X)
    jax.tree.map(np.testing.assert_array_equal, seen, plain)
