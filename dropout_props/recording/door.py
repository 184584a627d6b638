"""Whether this JAX can be recorded: decided when the first record is opened, once per process.

The releases in `MEASURED` have passed the tests of the recorder. On any other release a small
program is recorded first, whose draws are known: if they are not what they must be, the recorder
refuses, for a record that is silently wrong would be worse than none.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from dropout_props.environment.guards import without_guards
from dropout_props.recording.errors import RecordingError
from dropout_props.recording.internals import CONFIG, forgets_traces
from dropout_props.recording.recording import Recording
from dropout_props.recording.records import Draw

MEASURED = (
    "0.4.30",
    "0.5.1",
    "0.12.0.1",
)
"""Releases of JAX on which the tests of the recorder pass."""

Record = Callable[[], AbstractContextManager[Recording]]


@without_guards()
def check(record: Record) -> None:
    """Refuse a release, or a setting, with which a record would be wrong.

    Args:
        record: opens a record without this check.

    Raises:
        RecordingError: naming the release, what does not work, and what to do.
    """
    if CONFIG.jax_check_tracer_leaks and not forgets_traces():
        raise RecordingError(
            f"jax.checking_leaks does not go with a record on JAX {jax.__version__}, which keeps"
            " traces that hold the indices of loops: record without it, or use a newer JAX."
        )
    if jax.__version__ not in MEASURED:
        wrong = differences(record)
        if wrong:
            raise RecordingError(
                f"JAX {jax.__version__} cannot be recorded: on this release the recorder does not"
                f" see {', '.join(wrong)} as they are. Use a release that it has been measured on:"
                f" {', '.join(MEASURED)}."
            )


@cache
def differences(record: Record) -> tuple[str, ...]:
    """Record a program whose draws are known.

    Args:
        record: opens a record without a check.

    Returns:
        What was not seen as it is; empty on a release that can be recorded.
    """
    keys = jax.random.key_data(jax.random.split(jax.random.key(0), len(EXPECTED)))
    x = jnp.ones(4)
    try:
        with record() as seen:
            value = _program(keys, x)
        same = np.array_equal(value, _program(keys, x))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return (f"a small program ({type(error).__name__}: {error})",)
    words = [tuple(int(word) for word in key) for key in np.asarray(keys)]
    wrong = [
        name
        for key, (name, right) in zip(words, EXPECTED, strict=True)
        if not right([draw for draw in seen.draws if draw.key == key])
    ]
    return (*wrong, *(() if same else ("the values of the program",)), *seen.errors)


def _loop(draws: list[Draw]) -> bool:
    """One key in a scan of two, through a jitted helper: a draw a trip."""
    return sorted(trip.index for d in draws for trip in d.loops) == [0, 1]


def _batch(draws: list[Draw]) -> bool:
    """One key for a batch: one draw, shared along it."""
    return [[(lane.size, lane.index) for lane in d.lanes] for d in draws] == [[(2, None)]]


def _branch(draws: list[Draw]) -> bool:
    """One branch of two was chosen."""
    return [d.branches[0].taken for d in draws if d.branches] == [1]


def _calls(draws: list[Draw]) -> bool:
    """Two calls of one helper with one key: two draws."""
    return len({d.instance for d in draws}) == len(draws) == 2  # noqa: PLR2004 - the two calls


def _replay(draws: list[Draw]) -> bool:
    """A region of `jax.checkpoint`: its replay is marked."""
    depths = [d.replay for d in draws]
    return max(depths, default=0) == 1 and len(set(depths)) == len(depths)


EXPECTED: tuple[tuple[str, Callable[[list[Draw]], bool]], ...] = (
    ("iterations of a scan", _loop),
    ("lanes of vmap", _batch),
    ("branches of cond", _branch),
    ("calls of jitted functions", _calls),
    ("replays of jax.checkpoint", _replay),
)


def _drop(words: Any, x: Any) -> Any:
    """Dropout by hand."""
    key = jax.random.wrap_key_data(words)
    return jnp.where(jax.random.bernoulli(key, 0.5, x.shape), 2 * x, 0)


@jax.jit
def _program(keys: Any, x: Any) -> Any:
    """Draw from each key in one way."""
    helper = jax.jit(_drop)
    region = jax.checkpoint(lambda v: jnp.sin(_drop(keys[4], jnp.sin(v))))

    def loss(x: Any) -> Any:
        x = lax.scan(lambda c, _: (helper(keys[0], c), None), x, None, length=2)[0]
        x = jnp.sum(jax.vmap(lambda v: _drop(keys[1], v))(jnp.stack([x, x])), 0)
        x = lax.cond(keys[2, 0] >= 0, lambda v: _drop(keys[2], v), lambda v: v, x)
        x = helper(keys[3], x) + helper(keys[3], x)
        return jnp.sum(region(x + 1))

    return jax.grad(loss)(x)
