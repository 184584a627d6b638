"""A map of the sites without running anything."""

from __future__ import annotations

from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from dropout_props.recording import RecordingError, TracedSites, recording, trace_sites
from tests.recording.snippets import drop

X = jnp.ones((4, 8))


class Linen(nn.Module):
    """One dropout that shares its mask, one that is off."""

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = True) -> jax.Array:
        """Run it."""
        x = nn.Dropout(0.1, broadcast_dims=(0,), deterministic=not train, name="one")(x)
        return nn.Dropout(0.2, deterministic=True, name="two")(nn.Dense(8)(x))


class Nnx(nnx.Module):
    """A layer with dropout."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.dense = nnx.Linear(8, 8, rngs=rngs)
        self.drop = nnx.Dropout(0.3, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Run it."""
        return self.drop(self.dense(x))

    def loss(self, x: jax.Array) -> jax.Array:
        """Run it, and sum."""
        return jnp.sum(self(x))


def map_of(traced: TracedSites) -> list[tuple[Any, ...]]:
    """List what a user reads."""
    return [
        ("/".join(row.place.path), row.sampler, row.declared_rate, row.active, row.shared_axes)
        for row in traced.rows
    ]


def state_of(model: nnx.Module) -> list[Any]:
    """List all arrays of a module, keys and counts included."""
    leaves = jax.tree.leaves(nnx.state(model))
    typed = [jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) for leaf in leaves]
    return [
        np.asarray(jax.random.key_data(leaf) if is_key else leaf)
        for leaf, is_key in zip(leaves, typed, strict=True)
    ]


def test_a_linen_model_is_mapped(key: jax.Array) -> None:
    """Each dropout is listed with path, rate, mode and shared axes; nothing runs."""
    model = Linen()
    variables = model.init(key, X, train=False)
    with_shapes = jax.ShapeDtypeStruct(X.shape, X.dtype)
    traced = trace_sites(model.apply, variables, with_shapes, train=True, rngs={"dropout": key})
    assert map_of(traced) == [
        ("Linen/one", "bernoulli", 0.1, True, (0,)),
        ("Linen/two", "", 0.2, False, ()),
    ]
    assert {row.place.file for row in traced.rows} == {__file__}
    assert [row.shape for row in traced.rows] == [(1, 8), (4, 8)]


def test_the_mode_follows_the_arguments(key: jax.Array) -> None:
    """A boolean is passed as it is: evaluation draws nothing."""
    model = Linen()
    variables = model.init(key, X, train=False)
    traced = trace_sites(partial(model.apply, variables, train=False), X)
    assert [row.active for row in traced.rows] == [False, False]
    assert {site.phase for site in traced.sites} == {"init"}


@pytest.mark.parametrize("how", ["module", "method", "argument", "jit"])
def test_an_nnx_module_is_mapped_and_stays_as_it_is(how: str) -> None:
    """The module is found in each place, and neither its counts nor its arrays change."""
    model = Nnx(nnx.Rngs(0))
    before = state_of(model)

    def step(model: Nnx, x: jax.Array) -> jax.Array:
        return model.loss(x)

    traced = {
        "module": lambda: trace_sites(model, X),
        "method": lambda: trace_sites(model.loss, X),
        "argument": lambda: trace_sites(step, model, X),
        "jit": lambda: trace_sites(nnx.jit(step), model, X),
    }[how]()
    assert map_of(traced) == [("Nnx/drop", "bernoulli", 0.3, True, ())]
    jax.tree.map(np.testing.assert_array_equal, before, state_of(model))
    assert isinstance(model(X), jax.Array)


def test_a_plain_function_is_mapped(key: jax.Array, ones: jax.Array) -> None:
    """A function of JAX alone is mapped by its name and line."""
    traced = trace_sites(jax.jit(drop), key, ones)
    (row,) = traced.rows
    assert (row.place.function, row.place.line, row.active) == (
        "drop",
        drop.__code__.co_firstlineno + 2,
        True,
    )


def test_a_loop_around_a_step_is_refused(key: jax.Array, ones: jax.Array) -> None:
    """A function that needs values while it is traced is answered with what to do."""

    def loop(x: jax.Array) -> float:
        return float(jnp.sum(drop(key, x)))

    with pytest.raises(RecordingError, match="trace the step"):
        trace_sites(loop, ones)


def test_a_module_that_was_not_given_is_refused() -> None:
    """A step that changes a module of the outside is answered with what to do."""
    model = Nnx(nnx.Rngs(0))
    with pytest.raises(RecordingError, match="pass the module as an argument"):
        trace_sites(lambda x: model(x), X)  # noqa: PLW0108 - the module itself would be copied


def test_a_map_inside_of_a_record_is_refused(key: jax.Array, ones: jax.Array) -> None:
    """Hooks are process-wide: a map inside of a record is refused."""
    with recording(), pytest.raises(RecordingError, match="already recording"):
        trace_sites(drop, key, ones)
