"""Trap: a draw whose key does not change in a loop is moved out of the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from dropout_props.recording import recording
from tests.recording.snippets import drop

LAYERS = 4


def layers(key: jax.Array, x: jax.Array) -> jax.Array:
    """Four layers in a scan which all use the key of the first."""
    weights = jnp.ones(LAYERS)
    return jnp.sum(lax.scan(lambda c, w: (drop(key, c * w), None), x, weights)[0])


def rematerialised(key: jax.Array, x: jax.Array) -> jax.Array:
    """The same, each layer under `jax.checkpoint`."""

    @jax.checkpoint
    def layer(c: jax.Array, w: jax.Array) -> jax.Array:
        return drop(key, c * w)

    weights = jnp.ones(LAYERS)
    return jnp.sum(lax.scan(lambda c, w: (layer(c, w), None), x, weights)[0])


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
@pytest.mark.parametrize("program", [layers, rematerialised])
def test_a_shared_mask_is_seen_once_an_iteration(
    transform: Callable[..., Any], program: Callable[..., Any], key: jax.Array, ones: jax.Array
) -> None:
    """One key for four iterations gives four draws, with trip indices 0 to 3."""
    with recording() as record:
        transform(program)(key, ones)
    assert [d.loops[0].index for d in record.draws] == [0, 1, 2, 3]
    assert len({d.key for d in record.draws}) == 1


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_a_shared_mask_is_seen_once_an_iteration_under_grad(
    transform: Callable[..., Any], key: jax.Array, ones: jax.Array
) -> None:
    """Differentiation does not move the draw out of the loop."""
    with recording() as record:
        transform(jax.grad(layers, argnums=1))(key, ones)
    assert sorted(d.loops[0].index for d in record.draws) == [0, 1, 2, 3]
    assert {d.replay for d in record.draws} == {0}


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_replays_of_a_shared_mask_are_told_from_draws(
    transform: Callable[..., Any], key: jax.Array, ones: jax.Array
) -> None:
    """Remat in a scan under grad draws once forward and once again an iteration."""
    with recording() as record:
        transform(jax.value_and_grad(rematerialised, argnums=1))(key, ones)
    seen = sorted((d.replay, d.loops[0].index) for d in record.draws)
    assert seen == [(r, i) for r in (0, 1) for i in range(LAYERS)]


def test_a_key_made_in_the_loop_body_is_seen_once_an_iteration(ones: jax.Array) -> None:
    """A key from a constant seed inside the body is a shared mask, too."""

    def constant(x: jax.Array) -> jax.Array:
        body = lambda c, _: (drop(jax.random.key(0), c), None)  # noqa: E731
        return jnp.sum(lax.scan(body, x, None, length=LAYERS)[0])

    with recording() as record:
        jax.jit(jax.grad(constant))(ones)
    assert sorted(d.loops[0].index for d in record.draws) == [0, 1, 2, 3]


def test_a_jitted_helper_in_a_loop_knows_its_iteration(key: jax.Array, ones: jax.Array) -> None:
    """The trip index reaches a draw inside a jitted function inside the body."""
    helper = jax.jit(drop)

    def outer(x: jax.Array) -> jax.Array:
        inner = lambda c, _: (helper(key, c), None)  # noqa: E731
        body = lambda c, _: (lax.scan(inner, c, None, length=2)[0], None)  # noqa: E731
        return jnp.sum(lax.scan(body, x, None, length=3)[0])

    with recording() as record:
        jax.jit(jax.grad(outer))(ones)
    seen = sorted(tuple(step.index for step in d.loops) for d in record.draws)
    assert seen == [(i, j) for i in range(3) for j in range(2)]
    assert {tuple(step.length for step in d.loops) for d in record.draws} == {(3, 2)}


def test_a_while_loop_counts_its_trips(key: jax.Array, ones: jax.Array) -> None:
    """Each trip of a while loop is a draw of its own."""

    def program(n: jax.Array) -> jax.Array:
        body = lambda c: (c[0] + 1, drop(key, c[1]))  # noqa: E731
        return lax.while_loop(lambda c: c[0] < n, body, (0, ones))[1]

    with recording() as record:
        jax.jit(program)(5)
    assert [(d.loops[0].kind, d.loops[0].index) for d in record.draws] == [
        ("while", i) for i in range(5)
    ]


def test_a_scan_backwards_keeps_the_index_of_its_input(ones: jax.Array) -> None:
    """With reverse=True the index says which element was used, not which came when."""
    keys = jax.random.split(jax.random.key(0), LAYERS)

    def program(x: jax.Array) -> jax.Array:
        return lax.scan(lambda c, k: (drop(k, c), None), x, keys, reverse=True)[0]

    with recording() as record:
        jax.jit(program)(ones)
    words = jax.random.key_data(keys).tolist()
    assert [d.loops[0].index for d in record.draws] == [0, 1, 2, 3]
    assert all(list(d.key) == words[d.loops[0].index] for d in record.draws)
