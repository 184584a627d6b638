"""Traps: caches, import styles, threads, delivery; everything is undone."""

from __future__ import annotations

import threading
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.random import bernoulli

from dropout_props.recording import RecordingError, recording
from tests.recording.snippets import drop


def test_a_step_compiled_before_is_seen(key: jax.Array, ones: jax.Array) -> None:
    """A function that JAX has compiled already is recorded when it is called."""
    step = jax.jit(drop)
    step(key, ones)
    with recording() as record:
        step(key, ones)
    assert len(record.draws) == 1


def test_a_step_compiled_inside_runs_unrecorded_afterwards(key: jax.Array, ones: jax.Array) -> None:
    """What was compiled while recording leaves no callback behind."""
    step = jax.jit(drop)
    with recording() as record:
        inside = step(key, ones)
    outside = step(key, ones)
    assert "callback" not in step.lower(key, ones).as_text()
    assert len(record.draws) == 1
    np.testing.assert_array_equal(inside, outside)


def test_a_second_record_sees_its_own_draws(key: jax.Array, ones: jax.Array) -> None:
    """Two records one after the other share nothing."""
    step = jax.jit(drop)
    with recording() as first:
        step(key, ones)
    with recording() as second:
        step(key, ones)
        step(key, ones)
    assert (len(first.draws), len(second.draws)) == (1, 2)


def test_a_function_imported_by_name_is_seen(key: jax.Array) -> None:
    """`from jax.random import bernoulli` does not escape."""
    with recording() as record:
        bernoulli(key, 0.5, (4,))
        jax.jit(lambda k: bernoulli(k, 0.5, (4,)))(key)
    assert [d.site.sampler for d in record.draws] == ["bernoulli"] * 2


def test_hooks_are_undone_after_an_error(key: jax.Array, ones: jax.Array) -> None:
    """An exception inside the block leaves JAX as it was."""
    from dropout_props.recording import hooks

    before = hooks.fingerprint()
    during: list[Any] = []

    def fail() -> None:
        during.extend(hooks.fingerprint())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), recording():
        fail()
    assert all(old != new for old, new in zip(before, during, strict=True))
    assert hooks.fingerprint() == before


def test_a_nested_record_is_refused() -> None:
    """A record inside a record raises, and the outer one goes on."""
    with recording(), pytest.raises(RecordingError, match="already recording"), recording():
        pass


def test_a_draw_of_a_second_thread_is_refused(key: jax.Array, ones: jax.Array) -> None:
    """A draw traced by another thread raises there and says what to do."""
    caught = []

    def other() -> None:
        try:
            drop(key, ones)
        except RecordingError as error:
            caught.append(error)

    with recording() as record:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert "thread" in str(caught[0])
    assert record.draws == ()
    assert record.errors != ()


def test_export_is_refused(key: jax.Array, ones: jax.Array) -> None:
    """An exported function would carry the recorder's callbacks."""
    from jax import export

    with recording(), pytest.raises(RecordingError, match="export"):
        export.export(jax.jit(drop))(key, ones)


# By day forty masks of a million units; at night two hundred.
@pytest.mark.parametrize("steps", [2, pytest.param(10, marks=pytest.mark.nightly)])
def test_many_large_masks_are_delivered(key: jax.Array, steps: int) -> None:
    """Twenty draws a step, each of a million units, arrive; none of the masks is sent."""
    x = jnp.ones((1024, 1024))

    @jax.jit
    def step(k: jax.Array, x: jax.Array) -> jax.Array:
        def body(c: jax.Array, k: jax.Array) -> tuple[jax.Array, None]:
            return drop(k, c), None

        return jax.lax.scan(body, x, jax.random.split(k, 20))[0].sum()

    with recording() as record:
        for i in range(steps):
            step(jax.random.fold_in(key, i), x)
    assert len(record.draws) == 20 * steps
    assert record.errors == ()


def test_draws_of_a_dropped_result_are_delivered(key: jax.Array) -> None:
    """Leaving the block waits for computations whose results nobody holds."""
    x = jnp.ones((512, 512))
    step = jax.jit(lambda k, x: drop(k, jnp.linalg.matrix_power(drop(k, x) / 1e3, 30)))
    with recording() as record:
        for _ in range(3):
            step(key, x)
    assert len(record.draws) == 6


def test_ensure_compile_time_eval_in_a_loop_stays_concrete(ones: jax.Array) -> None:
    """A draw evaluated while tracing stays concrete."""

    def body(c: jax.Array, _: Any) -> tuple[jax.Array, None]:
        with jax.ensure_compile_time_eval():
            mask = jax.random.bernoulli(jax.random.key(0), 0.5, (16,))
        return c * np.asarray(mask), None

    with recording() as record:
        jax.jit(lambda x: jax.lax.scan(body, x, None, length=2)[0])(ones)
    assert len(record.draws) >= 1
