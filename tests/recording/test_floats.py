"""Trap: floats that pass through a callback refuse to be differentiated."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from dropout_props.recording import recording
from dropout_props.recording.samplers import sampler_names
from tests.recording.snippets import drop


def test_a_traced_probability_is_recorded_and_differentiated(
    key: jax.Array, ones: jax.Array
) -> None:
    """A rate that is traced, and differentiated with respect to, is seen by value."""

    def loss(rate: jax.Array, x: jax.Array) -> jax.Array:
        mask = jax.random.bernoulli(key, 1 - rate, x.shape)
        return jnp.sum(jnp.where(mask, x / (1 - rate), 0))

    with recording() as record:
        value, slope = jax.jit(jax.value_and_grad(loss))(0.3, ones)
    plain = jax.jit(jax.value_and_grad(loss))(0.3, ones)
    assert (value, slope) == plain
    (draw,) = record.draws
    assert draw.probability == np.float32(1) - np.float32(0.3)


def test_second_derivatives_and_jvp_pass(key: jax.Array, ones: jax.Array) -> None:
    """Hessian, jvp, linearize and vjp of a model with dropout give the same values."""
    f = lambda x: jnp.sum(drop(key, x) ** 3)  # noqa: E731
    with recording():
        seen = jax.hessian(f)(ones), jax.jvp(f, (ones,), (ones,)), jax.linearize(f, ones)[1](ones)
    plain = jax.hessian(f)(ones), jax.jvp(f, (ones,), (ones,)), jax.linearize(f, ones)[1](ones)
    jax.tree.map(np.testing.assert_array_equal, seen, plain)


def test_an_integer_key_may_be_differentiated_through(ones: jax.Array) -> None:
    """A raw key as a differentiated argument has a float0 tangent, which passes."""
    raw = jax.random.PRNGKey(0)
    f = lambda k, x: jnp.sum(drop(k, x))  # noqa: E731
    with recording() as record:
        jax.jit(jax.value_and_grad(f, argnums=(0, 1), allow_int=True))(raw, ones)
    assert len(record.draws) == 1


def test_other_samplers_are_recorded_by_key_alone(key: jax.Array) -> None:
    """Normal, gumbel, uniform and the like are draws without a probability."""
    with recording() as record:
        jax.random.normal(key, (3,))
        jax.random.gumbel(key, (2,))
        jax.random.randint(key, (4,), 0, 9)
        jax.random.permutation(key, 5)
        jax.random.gamma(key, 2.0, (2,))
        jax.random.bits(key, (7,))
        jax.random.categorical(key, jnp.zeros(3))
    names = [site.sampler for site in (d.site for d in record.draws)]
    last = "categorical" if "_categorical" in sampler_names() else "gumbel"
    assert names == ["normal", "gumbel", "randint", "shuffle", "gamma", "bits", last]
    assert {d.probability for d in record.draws} == {None}


def test_masks_are_rebuilt_bit_for_bit(ones: jax.Array) -> None:
    """The mask of each draw is the one that the program used."""
    keys = jax.random.split(jax.random.key(7), 3)
    with recording() as record:
        outputs = jax.jit(jax.vmap(drop))(keys, jnp.ones((3, 16)))
    masks = np.stack([record.mask(d) for d in record.draws])
    np.testing.assert_array_equal(masks, np.asarray(outputs) != 0)
