"""Traps: merged calls, dead code, replays and branches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from dropout_props.recording import recording
from tests.recording.snippets import drop


def test_two_calls_of_one_traced_body_are_two_draws(key: jax.Array, ones: jax.Array) -> None:
    """A jitted helper called twice with one key inside one jit drew twice."""
    helper = jax.jit(drop)

    @jax.jit
    def step(x: jax.Array) -> jax.Array:
        return helper(key, x) + helper(key, x * 2)

    with recording() as record:
        step(ones)
    first, second = record.draws
    assert first.key == second.key
    assert first.instance != second.instance


def test_two_equal_draws_on_equal_inputs_are_two_draws(key: jax.Array, ones: jax.Array) -> None:
    """XLA does not merge two draws that are equal in everything."""

    @jax.jit
    def step(x: jax.Array) -> jax.Array:
        return drop(key, x) + drop(key, x)

    with recording() as record:
        step(ones)
    assert len(record.draws) == 2


def test_an_unused_draw_is_no_draw(key: jax.Array, ones: jax.Array) -> None:
    """A draw whose result nothing uses is traced and never executed."""

    @jax.jit
    def step(x: jax.Array) -> jax.Array:
        drop(key, x)
        return x

    with recording() as record:
        step(ones)
    assert record.draws == ()
    (site,) = record.sites
    assert record.not_executed == (site,)


def test_a_function_that_is_only_traced_draws_nothing(key: jax.Array, ones: jax.Array) -> None:
    """`eval_shape` finds the sites and executes none."""
    with recording() as record:
        jax.eval_shape(drop, key, ones)
    assert record.draws == ()
    assert [site.sampler for site in record.not_executed] == ["bernoulli"]


def test_two_runs_of_one_compiled_step_are_two_runs(key: jax.Array, ones: jax.Array) -> None:
    """A step on one key every time shows the key in run 0 and in run 1."""
    step = jax.jit(drop)
    with recording() as record:
        step(key, ones)
        step(key, ones)
    assert [d.run for d in record.draws] == [0, 1]
    assert len({d.instance for d in record.draws}) == 1


def test_a_replay_whose_forward_call_was_dropped_is_a_replay(
    key: jax.Array, ones: jax.Array
) -> None:
    """Remat may drop the forward call: what is left is marked as a replay."""

    @jax.checkpoint
    def layer(x: jax.Array) -> jax.Array:
        return jnp.sum(drop(key, x))

    with recording() as record:
        jax.jit(jax.grad(layer))(ones)
    assert {d.replay for d in record.draws} <= {0, 1}
    assert 1 in {d.replay for d in record.draws} or len(record.draws) == 1


@pytest.fixture(params=["remat", "remat3"])
def remat(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run with each implementation of `jax.checkpoint` that this JAX has."""
    if request.param == "remat":
        yield
        return
    if not hasattr(jax.config, "jax_remat3"):
        pytest.skip("this JAX has no jax_remat3")
    jax.config.update("jax_remat3", True)
    yield
    jax.config.update("jax_remat3", False)


@pytest.mark.usefixtures("remat")
def test_nested_remat_numbers_its_replays(key: jax.Array, ones: jax.Array) -> None:
    """Each execution in one run has its own replay depth, so none looks like reuse."""

    @jax.checkpoint
    def inner(x: jax.Array) -> jax.Array:
        return jnp.sin(drop(key, jnp.sin(x)))

    @jax.checkpoint
    def outer(x: jax.Array) -> jax.Array:
        return jnp.sum(jnp.sin(inner(jnp.cos(x))))

    with recording() as record:
        jax.jit(jax.value_and_grad(outer))(ones)
    depths = sorted(d.replay for d in record.draws)
    assert len(depths) == len(set(depths)) > 1
    assert depths[0] == 0
    assert max(depths) <= 2


@pytest.mark.usefixtures("remat")
@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_remat_in_a_scan_is_drawn_and_replayed_once_a_trip(
    transform: Any, key: jax.Array, ones: jax.Array
) -> None:
    """Both implementations mark the second run of a region in each trip."""
    layer = jax.checkpoint(lambda c, w: drop(key, jnp.sin(c * w)))

    def model(x: jax.Array) -> jax.Array:
        return jnp.sum(lax.scan(lambda c, w: (layer(c, w), None), x, jnp.ones(3))[0])

    step = transform(jax.value_and_grad(model))
    with recording() as record:
        seen = step(ones)
    found = sorted((d.replay, d.loops[0].index) for d in record.draws)
    assert found == [(replay, trip) for replay in (0, 1) for trip in range(3)]
    jax.tree.map(np.testing.assert_array_equal, seen, step(ones))


def test_branches_of_a_cond_are_alternatives(key: jax.Array, ones: jax.Array) -> None:
    """Both branches may use one key: only the branch that ran has drawn."""

    @jax.jit
    def step(flag: jax.Array, x: jax.Array) -> jax.Array:
        return lax.cond(flag, lambda v: drop(key, v), lambda v: drop(key, v * 2), x)

    with recording() as record:
        step(True, ones)
        step(False, ones)
    assert [d.branches[0].taken for d in record.draws] == [1, 0]
    assert len({d.branches[0].switch for d in record.draws}) == 1


def test_cond_under_vmap_draws_in_the_branch_of_each_lane(ones: jax.Array) -> None:
    """Under vmap both branches run; a lane has drawn in the one that it selects."""
    keys = jax.random.split(jax.random.key(0), 4)
    flags = jnp.array([True, False, True, True])
    x = jnp.ones((4, 16))

    @jax.jit
    def step(flags: jax.Array, keys: jax.Array, x: jax.Array) -> jax.Array:
        def one(flag: jax.Array, key: jax.Array, v: jax.Array) -> jax.Array:
            return cast("jax.Array", lax.cond(flag, lambda: drop(key, v), lambda: drop(key, v * 2)))

        return jax.vmap(one)(flags, keys, x)

    with recording() as record:
        step(flags, keys, x)
    drew = {d.lanes[0].index: d.branches[0].taken for d in record.draws}
    assert len(record.draws) == 4
    assert drew == {0: 1, 1: 0, 2: 1, 3: 1}


def test_switch_numbers_its_branches(key: jax.Array, ones: jax.Array) -> None:
    """An index out of range is clamped, as `lax.switch` does."""
    branches = [lambda v, f=f: drop(key, v * f) for f in (1.0, 2.0, 3.0)]

    with recording() as record:
        jax.jit(lambda i, x: lax.switch(i, branches, x))(7, ones)
    (draw,) = record.draws
    assert (draw.branches[0].taken, draw.branches[0].of) == (2, 3)


def test_a_lane_that_has_left_a_while_loop_draws_no_more() -> None:
    """Under vmap the body runs for all lanes; a finished lane's draws do not count."""

    def count(n: jax.Array, key: jax.Array) -> jax.Array:
        def body(c: Any) -> Any:
            i, k, x = c
            k, sub = jax.random.split(k)
            return i + 1, k, drop(sub, x)

        _, k, x = lax.while_loop(lambda c: c[0] < n, body, (0, key, jnp.ones(8)))
        return drop(jax.random.split(k)[1], x)

    lengths = jnp.array([1, 3, 2])
    keys = jax.random.split(jax.random.key(1), 3)
    with recording() as record:
        jax.jit(jax.vmap(count))(lengths, keys)
    trips = [d for d in record.draws if d.loops]
    assert sorted(d.lanes[0].index or 0 for d in trips) == [0, 1, 1, 1, 2, 2]
    assert len({d.key for d in record.draws}) == len(record.draws) == 9
