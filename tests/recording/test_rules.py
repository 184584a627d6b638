"""Draws in rules of `jax.custom_vjp` and `jax.custom_jvp`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from dropout_props.recording import recording
from tests.recording.snippets import drop

TRIPS = 3


@jax.custom_vjp
def forward_rule(key: jax.Array, x: jax.Array) -> jax.Array:
    """Draw with a rule whose backward pass uses the mask that was kept."""
    return drop(key, x)


forward_rule.defvjp(
    lambda key, x: (drop(key, x), (key, x)),
    lambda kept, ct: (None, drop(kept[0], ct)),
)


@jax.custom_jvp
def tangent_rule(key: jax.Array, x: jax.Array) -> jax.Array:
    """Draw with a rule for tangents."""
    return drop(key, x)


@tangent_rule.defjvp
def _tangent(primals: Any, tangents: Any) -> Any:
    key, x = primals
    return drop(key, x), drop(key, tangents[1])


def looped(rule: Callable[..., Any], key: jax.Array, x: jax.Array) -> jax.Array:
    """Use one key in every trip of a scan."""
    return jnp.sum(lax.scan(lambda c, _: (rule(key, c), None), x, None, length=TRIPS)[0])


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
@pytest.mark.parametrize("rule", [forward_rule, tangent_rule], ids=["vjp", "jvp"])
def test_a_rule_in_a_loop_knows_its_trip(
    rule: Callable[..., Any], transform: Callable[..., Any], key: jax.Array, ones: jax.Array
) -> None:
    """Each draw of a rule says in which trip it was made, forward and backward."""
    raw = jax.random.key_data(key)
    step = transform(jax.value_and_grad(lambda x: looped(rule, jax.random.wrap_key_data(raw), x)))
    with recording() as record:
        seen = step(ones)
    trips = sorted(d.loops[0].index for d in record.draws)
    assert trips == [0, 0, 1, 1, 2, 2]
    assert {d.loops[0].length for d in record.draws} == {TRIPS}
    assert record.notes == ()
    jax.tree.map(np.testing.assert_array_equal, seen, step(ones))


def test_a_rule_without_differentiation_knows_its_trip(key: jax.Array, ones: jax.Array) -> None:
    """The function itself draws once a trip."""
    with recording() as record:
        jax.jit(lambda x: looped(forward_rule, key, x))(ones)
    assert [d.loops[0].index for d in record.draws] == [0, 1, 2]


class Model(nn.Module):
    """A module that drops with a rule."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Run it."""
        out: jax.Array = forward_rule(self.make_rng("dropout"), x)
        return out


def test_a_rule_is_named_by_the_module_that_called_it(key: jax.Array, ones: jax.Array) -> None:
    """No module runs while a rule is traced; its draws belong to the module all the same."""
    step = jax.value_and_grad(lambda x: jnp.sum(Model().apply({}, x, rngs={"dropout": key})))  # type: ignore[arg-type]
    with recording() as record:
        jax.jit(step)(ones)
    assert [d.site.place.path for d in record.draws] == [("Model",)] * 2
    assert {d.site.place.file for d in record.draws} == {drop.__code__.co_filename}


def test_arguments_without_a_derivative_and_defaults_pass(key: jax.Array, ones: jax.Array) -> None:
    """Rules with `nondiff_argnums`, defaults and keywords work in a loop as without a record."""

    def scaled(rate: float, x: jax.Array, factor: float = 2.0) -> jax.Array:
        return drop(key, x, rate) * factor

    rule = jax.custom_vjp(scaled, nondiff_argnums=(0,))
    rule.defvjp(
        lambda rate, x, factor: (scaled(rate, x, factor), factor),
        lambda rate, factor, ct: (drop(key, ct, rate) * factor, None),
    )

    @jax.jit
    def step(x: jax.Array) -> Any:
        body = lambda c, _: (rule(0.5, c, factor=1.5) + rule(0.5, c), None)  # noqa: E731
        return jax.value_and_grad(lambda v: jnp.sum(lax.scan(body, v, None, length=TRIPS)[0]))(x)

    with recording() as record:
        seen = step(ones)
    assert record.notes == ()
    assert len(record.draws) == 4 * TRIPS
    jax.tree.map(np.testing.assert_array_equal, seen, step(ones))


def test_a_backward_pass_is_known_as_one(key: jax.Array, ones: jax.Array) -> None:
    """A rule that draws the mask of the forward pass again is a replay, on every release."""
    step = jax.jit(jax.grad(lambda x: jnp.sum(forward_rule(key, x) ** 2)))
    with recording() as record:
        step(ones)
    assert [draw.site.phase for draw in record.draws] == ["run", "backward"]
