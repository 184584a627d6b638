"""Right uses of keys: one key for init and apply, many keys folded from one parent, two streams."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from dropout_props.selftest.wirings import Outcome, Record, Run
from dropout_props.selftest.wirings.linen_models import FeedForward, Mlp, linen_training
from dropout_props.selftest.wirings.plain import jax_training, plain_mlp
from dropout_props.selftest.wirings.training import (
    BATCH,
    FEATURES,
    RATE,
    batch,
    descend,
    first_variables,
    key_of_step,
    squared_error,
    train,
)
from tests.recording.programs.program import Program

__all__ = ["PROGRAMS"]


def linen_steps(
    model: nn.Module, *, init_key: Any = None, donate: bool = False, draws: Any = None
) -> Run:
    """Train a Linen model whose initialisation runs in training mode, as many programs do."""

    def run(record: Record, steps: int) -> Outcome:
        root = jax.random.key(1)
        inputs, _ = batch(0)
        seed = root if init_key is None else init_key
        params = model.init({"params": seed, "dropout": seed}, inputs, train=True)

        @partial(jax.jit, donate_argnums=0 if donate else ())
        def step(params: Any, number: Any, x: Any, y: Any) -> tuple[Any, Any]:
            key = key_of_step(root, number)
            x = x if draws is None else draws(jax.random.fold_in(key, 7), x)

            def loss(params: Any) -> Any:
                return squared_error(model.apply(params, x, train=True, rngs={"dropout": key}), y)

            value, grads = jax.value_and_grad(loss)(params)
            return descend(params, grads), value

        params, losses = train(record, steps, step, params)
        return Outcome(losses, params)

    return run


def first_contact(record: Record, steps: int) -> Outcome:
    """Initialise and apply a model with one key, as the first page of a tutorial does."""
    key = jax.random.key(0)
    model = Mlp()
    inputs, _ = batch(0)
    variables = model.init({"params": key, "dropout": key}, inputs, train=True)
    losses = []
    for number in range(steps):
        record.step()
        own = key if number == 0 else jax.random.fold_in(key, number)
        outputs = model.apply(variables, inputs, train=True, rngs={"dropout": own})
        losses.append(float(squared_error(outputs, inputs)))
    return Outcome(tuple(losses), variables)


class _TwoStreams(nn.Module):
    """A layer with noise from one stream and dropout from another."""

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        if train:
            x = x + 0.1 * jax.random.normal(self.make_rng("noise"), x.shape)
        return x + FeedForward(RATE)(x, train=train)


def two_streams(record: Record, steps: int) -> Outcome:
    """Train with a key of its own for each stream."""
    root = jax.random.key(1)
    model = _TwoStreams()
    params = first_variables(model, batch(0)[0], train=False)

    @jax.jit
    def step(params: Any, number: Any, x: Any, y: Any) -> tuple[Any, Any]:
        dropout, noise = jax.random.split(key_of_step(root, number))

        def loss(params: Any) -> Any:
            rngs = {"dropout": dropout, "noise": noise}
            return squared_error(model.apply(params, x, train=True, rngs=rngs), y)

        value, grads = jax.value_and_grad(loss)(params)
        return descend(params, grads), value

    params, losses = train(record, steps, step, params)
    return Outcome(losses, params)


class _CalledOften(nn.Module):
    """One dropout object at three places: each call has a key of its own."""

    @nn.compact
    def __call__(self, x: Any, *, train: bool) -> Any:
        drop = nn.Dropout(RATE, deterministic=not train)
        for _ in range(3):
            x = x + drop(nn.gelu(nn.Dense(FEATURES)(x)))
        return x


def _augment(key: Any, x: Any) -> Any:
    """Flip the tokens of some examples, and hide some tokens, as programs augment their data."""
    flip, hide = jax.random.split(key)
    flipped = jax.random.bernoulli(flip, 0.5, (BATCH,))
    x = jnp.where(flipped[:, None, None], x[:, ::-1], x)
    return jnp.where(jax.random.bernoulli(hide, 0.15, x.shape[:2])[..., None], 0.0, x)


def _carried_chain(record: Record, steps: int) -> Outcome:
    """Train with a key that every step splits and carries on, on the host."""
    model = Mlp()
    key, init_key = jax.random.split(jax.random.key(1))
    params = model.init(init_key, batch(0)[0], train=False)

    @jax.jit
    def compiled(params: Any, key: Any, x: Any, y: Any) -> tuple[Any, Any, Any]:
        key, dropout_key = jax.random.split(key)

        def loss(params: Any) -> Any:
            rngs = {"dropout": dropout_key}
            return squared_error(model.apply(params, x, train=True, rngs=rngs), y)

        value, grads = jax.value_and_grad(loss)(params)
        return descend(params, grads), key, value

    def step(state: Any, _number: int, x: Any, y: Any) -> tuple[Any, Any]:
        params, key, value = compiled(*state, x, y)
        return (params, key), value

    (params, _), losses = train(record, steps, step, (params, key))
    return Outcome(losses, params)


def _plain(params: Any, x: Any, root: Any, number: Any) -> Any:
    return plain_mlp(params, x, tuple(jax.random.split(key_of_step(root, number))))


def _raw_keys(record: Record, steps: int) -> Outcome:
    """Train with raw uint32 keys, as older programs do."""
    model = Mlp()
    params = model.init(jax.random.PRNGKey(0), batch(0)[0], train=False)

    @jax.jit
    def step(params: Any, number: Any, x: Any, y: Any) -> tuple[Any, Any]:
        rngs = {"dropout": jax.random.fold_in(jax.random.PRNGKey(1), number)}

        def loss(params: Any) -> Any:
            return squared_error(model.apply(params, x, train=True, rngs=rngs), y)

        value, grads = jax.value_and_grad(loss)(params)
        return descend(params, grads), value

    params, losses = train(record, steps, step, params)
    return Outcome(losses, params)


PROGRAMS = (
    Program(
        name="first_contact",
        api="linen",
        says="init in training mode and the first apply consume the same keys.",
        run=first_contact,
    ),
    Program(
        name="init_in_training_mode",
        api="linen",
        says="The root key of the steps initialises the model too, in training mode.",
        run=linen_steps(Mlp()),
    ),
    Program(
        name="key_carried_on",
        api="linen",
        says="Each step splits the key that it got and returns the new parent.",
        run=_carried_chain,
    ),
    Program(
        name="raw_keys",
        api="linen",
        says="The keys are raw arrays of two words.",
        run=_raw_keys,
    ),
    Program(
        name="two_streams",
        api="linen",
        says="Noise and dropout draw in one scope, from two streams with two keys.",
        run=two_streams,
    ),
    Program(
        name="one_object_at_three_places",
        api="linen",
        says="One dropout object is called three times; make_rng gives each call its own key.",
        run=linen_training(_CalledOften()),
    ),
    Program(
        name="augmented_data",
        api="linen",
        says="The step draws coins for examples and for tokens, which are no dropout.",
        run=linen_steps(Mlp(), draws=_augment),
    ),
    Program(
        name="donated_state",
        api="linen",
        says="The step donates its parameters.",
        run=linen_steps(Mlp(), donate=True),
    ),
    Program(
        name="functions_alone",
        api="jax",
        says="No module draws here: the model is a function that takes its keys.",
        run=jax_training(_plain),
    ),
)
