"""Trap: with one key for a batch the mask is drawn once and broadcast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from dropout_props.recording import recording
from tests.recording.snippets import drop

BATCH = 5


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
@pytest.mark.parametrize("wrap", [lambda f: f, jax.jit, jax.checkpoint], ids=["", "jit", "remat"])
def test_one_key_for_a_batch_is_one_draw_for_all_lanes(
    transform: Callable[..., Any], wrap: Callable[..., Any], key: jax.Array
) -> None:
    """The draw says which batch axis it was shared along, and how long that is."""
    layer = wrap(drop)
    with recording() as record:
        transform(jax.vmap(lambda x: layer(key, x)))(jnp.ones((BATCH, 16)))
    (draw,) = record.draws
    assert [(lane.size, lane.index) for lane in draw.lanes] == [(BATCH, None)]
    assert draw.site.shape == (16,)


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_a_key_each_is_a_draw_each(transform: Callable[..., Any]) -> None:
    """With a key for each example each lane is a draw with its own key."""
    keys = jax.random.split(jax.random.key(0), BATCH)
    with recording() as record:
        transform(jax.vmap(drop))(keys, jnp.ones((BATCH, 16)))
    assert [d.lanes[0].index for d in record.draws] == list(range(BATCH))
    assert [list(d.key) for d in record.draws] == jax.random.key_data(keys).tolist()


def test_nested_batches_are_told_apart() -> None:
    """The outer lanes have keys of their own, the inner ones share."""
    keys = jax.random.split(jax.random.key(0), 2)
    inner = lambda k, xs: jax.vmap(lambda x: drop(k, x))(xs)  # noqa: E731
    with recording() as record:
        jax.jit(jax.vmap(inner))(keys, jnp.ones((2, 3, 16)))
    seen = [[(lane.size, lane.index) for lane in d.lanes] for d in record.draws]
    assert seen == [[(2, 0), (3, None)], [(2, 1), (3, None)]]


def test_a_batched_scan_with_one_key_knows_lanes_and_trips(key: jax.Array) -> None:
    """A loop inside vmap, with one key: one draw a trip for all lanes."""

    def model(x: jax.Array) -> jax.Array:
        return lax.scan(lambda c, _: (drop(key, c), None), x, None, length=3)[0]

    with recording() as record:
        jax.jit(jax.vmap(model))(jnp.ones((BATCH, 16)))
    assert [(d.loops[0].index, d.lanes[0].index) for d in record.draws] == [
        (i, None) for i in range(3)
    ]


def test_raw_and_typed_keys_of_equal_words_are_one_key(ones: jax.Array) -> None:
    """A raw key and a typed key with the same words are the same key."""
    with recording() as record:
        drop(jax.random.PRNGKey(3), ones)
        drop(jax.random.key(3), ones)
    first, second = record.draws
    assert first.key == second.key
