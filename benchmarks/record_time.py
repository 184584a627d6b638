"""How much a record costs: a compiled training step with and without it.

    python benchmarks/record_time.py

A transformer of six layers, in Linen and in NNX, on a batch of 8 x 128 tokens of 256 features; and
a step of some milliseconds, where each report weighs most. Steps with and without a record take
turns, so that whatever else the machine does meets both. The ratio is of medians.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import nnx

from dropout_props.recording import recording

LAYERS, BATCH, TOKENS, WIDTH, HEADS = 6, 8, 128, 256, 4
RATE = 0.1
ROUNDS = 3


class LinenLayer(nn.Module):
    """One layer: attention and two dense layers, with dropout after each."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Run it."""
        y = nn.MultiHeadDotProductAttention(HEADS, dropout_rate=RATE, deterministic=False)(
            nn.LayerNorm()(x)
        )
        x = x + nn.Dropout(RATE, deterministic=False)(y)
        y = nn.Dense(WIDTH)(nn.gelu(nn.Dense(4 * WIDTH)(nn.LayerNorm()(x))))
        return x + nn.Dropout(RATE, deterministic=False)(y)


class LinenModel(nn.Module):
    """Six layers."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Run it."""
        for _ in range(LAYERS):
            x = LinenLayer()(x)
        return x


class NnxLayer(nnx.Module):
    """The same layer."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.attention = nnx.MultiHeadAttention(
            HEADS, WIDTH, dropout_rate=RATE, deterministic=False, decode=False, rngs=rngs
        )
        self.first, self.second = nnx.LayerNorm(WIDTH, rngs=rngs), nnx.LayerNorm(WIDTH, rngs=rngs)
        self.up = nnx.Linear(WIDTH, 4 * WIDTH, rngs=rngs)
        self.down = nnx.Linear(4 * WIDTH, WIDTH, rngs=rngs)
        self.drop1, self.drop2 = nnx.Dropout(RATE, rngs=rngs), nnx.Dropout(RATE, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Run it."""
        x = x + self.drop1(self.attention(self.first(x)))
        return x + self.drop2(self.down(nnx.gelu(self.up(self.second(x)))))


class NnxModel(nnx.Module):
    """Six layers."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        for i in range(LAYERS):
            setattr(self, f"layer{i}", NnxLayer(rngs))

    def __call__(self, x: jax.Array) -> jax.Array:
        """Run it."""
        for i in range(LAYERS):
            x = getattr(self, f"layer{i}")(x)
        return x


def linen_step() -> Callable[[], Any]:
    """Make a compiled step of the Linen model."""
    model, x = LinenModel(), jnp.ones((BATCH, TOKENS, WIDTH))
    key = jax.random.key(0)
    variables = model.init({"params": key, "dropout": key}, x)

    @jax.jit
    def step(variables: Any, key: jax.Array) -> Any:
        def loss(variables: Any) -> jax.Array:
            out: Any = model.apply(variables, x, rngs={"dropout": key})
            return jnp.mean(out**2)

        return jax.value_and_grad(loss)(variables)

    return lambda: step(variables, key)


def nnx_step() -> Callable[[], Any]:
    """Make a compiled step of the NNX model."""
    model, x = NnxModel(nnx.Rngs(0)), jnp.ones((BATCH, TOKENS, WIDTH))

    @nnx.jit
    def step(model: NnxModel) -> Any:
        return nnx.value_and_grad(lambda m: jnp.mean(m(x) ** 2))(model)

    return lambda: step(model)


def small_step() -> Callable[[], Any]:
    """Make a compiled step of some milliseconds with six draws."""
    x, key = jnp.ones((256, 512)), jax.random.key(0)

    @jax.jit
    def step(key: jax.Array) -> jax.Array:
        y = x
        for k in jax.random.split(key, LAYERS):
            y = jnp.where(jax.random.bernoulli(k, 1 - RATE, y.shape), jnp.tanh(y), 0)
        return jnp.sum(y)

    return lambda: step(key)


def seconds(step: Callable[[], Any], repeats: int) -> list[float]:
    """Time a step, compiled before."""
    jax.block_until_ready(step())
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(step())
        found.append(time.perf_counter() - start)
    return found


def main() -> None:
    """Print one row a program."""
    print(f"{'program':8} {'plain ms':>9} {'recorded ms':>12} {'ratio':>6} {'draws':>6}")
    for name, make, repeats in (
        ("linen", linen_step, 5),
        ("nnx", nnx_step, 5),
        ("small", small_step, 100),
    ):
        step = make()
        plain: list[float] = []
        recorded: list[float] = []
        draws = 0
        for _ in range(ROUNDS):
            plain += seconds(step, repeats)
            with recording() as record:
                recorded += seconds(step, repeats)
            draws = len(record.draws) // (repeats + 1)
        a, b = statistics.median(plain), statistics.median(recorded)
        print(f"{name:8} {1e3 * a:9.2f} {1e3 * b:12.2f} {b / a:6.2f} {draws:6}")


if __name__ == "__main__":
    main()
