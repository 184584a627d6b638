"""How much a record costs: a compiled training step with and without it.

    python benchmarks/record_time.py [linen] [nnx] [small]

A transformer of six layers, in Linen and in NNX, on a batch of 8 x 128 tokens of 256 features; and
a step of some milliseconds, where each report weighs most. The step is compiled once without a
record and once inside of one, and the two take turns, so that whatever else the machine does meets
both. The ratio is the median of the ratios of pairs, of the wall clock and of processor seconds;
on a machine that others use the latter says more.
"""

from __future__ import annotations

import statistics
import sys
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
Times = tuple[float, float]


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


Step = tuple[Callable[..., Any], tuple[Any, ...]]
"""A training step that is not compiled yet, and its arguments."""


def linen_step() -> Step:
    """Make a step of the Linen model."""
    model, x = LinenModel(), jnp.ones((BATCH, TOKENS, WIDTH))
    key = jax.random.key(0)
    variables = model.init({"params": key, "dropout": key}, x)

    def step(variables: Any, key: jax.Array) -> Any:
        def loss(variables: Any) -> jax.Array:
            out: Any = model.apply(variables, x, rngs={"dropout": key})
            return jnp.mean(out**2)

        return jax.value_and_grad(loss)(variables)

    return step, (variables, key)


def nnx_step() -> Step:
    """Make a step of the NNX model."""
    x = jnp.ones((BATCH, TOKENS, WIDTH))
    static, state = nnx.split(NnxModel(nnx.Rngs(0)))

    def step(state: Any) -> Any:
        model = nnx.merge(static, state)
        loss = nnx.value_and_grad(lambda m: jnp.mean(m(x) ** 2))(model)
        return loss, nnx.state(model)

    return step, (state,)


def small_step() -> Step:
    """Make a step of some milliseconds with six draws."""
    x, key = jnp.ones((256, 512)), jax.random.key(0)

    def step(key: jax.Array) -> jax.Array:
        y = x
        for k in jax.random.split(key, LAYERS):
            y = jnp.where(jax.random.bernoulli(k, 1 - RATE, y.shape), jnp.tanh(y), 0)
        return jnp.sum(y)

    return step, (key,)


def seconds(compiled: Callable[..., Any], args: tuple[Any, ...], repeats: int) -> Times:
    """Time some steps.

    Args:
        compiled: the compiled step.
        args: its arguments.
        repeats: how many steps.

    Returns:
        Seconds of the clock, and of the processors, a step.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        jax.block_until_ready(compiled(*args))
    return (time.perf_counter() - wall) / repeats, (time.process_time() - cpu) / repeats


def compare(make: Callable[[], Step], repeats: int, rounds: int) -> str:
    """Time one program in alternation.

    Args:
        make: makes the step.
        repeats: how many steps in a row.
        rounds: how many pairs.

    Returns:
        A row of the table.
    """
    step, args = make()
    # Two functions, since JAX would find the one trace again for the other.
    plain = jax.jit(step).lower(*args).compile()
    pairs: list[tuple[Times, Times]] = []
    with recording() as record:
        recorded = jax.jit(step).lower(*args).compile()
        for compiled in (plain, recorded):
            seconds(compiled, args, 2)
        for number in range(rounds):
            order = (plain, recorded) if number % 2 else (recorded, plain)
            times = {id(compiled): seconds(compiled, args, repeats) for compiled in order}
            pairs.append((times[id(plain)], times[id(recorded)]))
    draws = len(record.draws) / (2 + repeats * rounds)
    row = ""
    for kind in (0, 1):
        before = statistics.median(a[kind] for a, _ in pairs)
        ratios = sorted(b[kind] / a[kind] for a, b in pairs)
        added = statistics.median(b[kind] - a[kind] for a, b in pairs)
        row += (
            f" {1e3 * before:9.2f} {1e3 * added:8.2f} {statistics.median(ratios):6.2f}"
            f" [{ratios[0]:.2f}, {ratios[-1]:.2f}]"
        )
    return f"{row} {draws:6.0f}"


def main() -> None:
    """Print one row a program: those named on the command line, or all."""
    columns = f" {'plain ms':>9} {'added ms':>8} {'ratio':>6} [range]     "
    print(f"{'':8} {'wall clock':37}processors")
    print(f"{'program':8}{columns}{columns} {'draws':>6}")
    for name, make, repeats, rounds in (
        ("linen", linen_step, 1, 11),
        ("nnx", nnx_step, 1, 11),
        ("small", small_step, 20, 21),
    ):
        if name in sys.argv[1:] or not sys.argv[1:]:
            print(f"{name:8}{compare(make, repeats, rounds)}", flush=True)


if __name__ == "__main__":
    main()
