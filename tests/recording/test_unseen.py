"""What a record cannot see is said, and never stops the program."""

from __future__ import annotations

import threading
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from dropout_props.recording import RecordingError, internals, lowering, probe, recording
from tests.recording.snippets import drop


def kinds(record: Any) -> list[str]:
    """List the kinds of notes."""
    return [note.kind for note in record.notes]


def test_a_draw_that_cannot_be_compiled_runs_and_is_noted(
    monkeypatch: pytest.MonkeyPatch, key: jax.Array, ones: jax.Array
) -> None:
    """Where JAX has no callback the program runs, and the record names the site."""

    def refuse(*_: Any, **__: Any) -> None:
        raise NotImplementedError("no callback here")

    monkeypatch.setattr(lowering, "emit_python_callback", refuse)
    step = jax.jit(drop)
    with recording() as record:
        seen = step(key, ones)
    np.testing.assert_array_equal(seen, step(key, ones))
    assert record.draws == ()
    assert [site.sampler for site in record.unseen] == ["bernoulli"]
    assert record.not_executed == ()
    (note,) = record.notes
    assert "no callback here" in note.text
    assert note.site == record.unseen[0]
    assert note.place is not None
    assert note.place.line == note.site.place.line


def test_a_draw_that_cannot_be_watched_runs_and_is_noted(
    monkeypatch: pytest.MonkeyPatch, key: jax.Array, ones: jax.Array
) -> None:
    """A probe that JAX does not take leaves the program as it is."""

    def refuse(*_: Any, **__: Any) -> None:
        raise TypeError("no probe here")

    monkeypatch.setattr(probe.probe_p, "bind", refuse)
    with recording() as record:
        seen = drop(key, ones)
    np.testing.assert_array_equal(seen, drop(key, ones))
    assert kinds(record) == ["draw"]
    assert "no probe here" in record.notes[0].text


def test_a_program_compiled_before_is_noted(key: jax.Array, ones: jax.Array) -> None:
    """An executable that was made before the record is called, unseen and noted once."""
    compiled = jax.jit(drop).lower(key, ones).compile()
    with recording() as record:
        compiled(key, ones)
        compiled(key, ones)
    assert record.draws == ()
    assert kinds(record) == ["executable", "executable"]
    assert len({note.place for note in record.notes}) == 2


def test_a_program_lowered_before_is_noted(key: jax.Array, ones: jax.Array) -> None:
    """A lowering that was made before the record holds no probes."""
    lowered = jax.jit(drop).lower(key, ones)
    with recording() as record:
        lowered.compile()(key, ones)
    assert record.draws == ()
    assert kinds(record) == ["executable"]


def test_a_program_compiled_inside_is_seen(key: jax.Array, ones: jax.Array) -> None:
    """An executable that was made inside of the record reports."""
    with recording() as record:
        jax.jit(drop).lower(key, ones).compile()(key, ones)
    assert len(record.draws) == 1
    assert record.notes == ()


def test_an_exported_program_is_noted(key: jax.Array, ones: jax.Array) -> None:
    """An exported program is called, unseen and noted."""
    from jax import export

    program = export.export(jax.jit(lambda k, x: drop(jax.random.wrap_key_data(k), x)))(
        jax.random.key_data(key), ones
    )
    with recording() as record:
        program.call(jax.random.key_data(key), ones)
    assert record.draws == ()
    assert "executable" in kinds(record)


@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_bits_from_below_are_noted(transform: Any) -> None:
    """`lax.rng_bit_generator` and raw threefry are no draws of `jax.random`."""
    from jax.extend.random import threefry_2x32

    words = jnp.zeros(2, jnp.uint32)
    with recording() as record:
        transform(lambda: lax.rng_bit_generator(jnp.zeros(4, jnp.uint32), (3,)))()
        transform(lambda w: threefry_2x32(w, jnp.arange(4, dtype=jnp.uint32)))(words)
    assert kinds(record) == ["bits", "bits"]
    assert "rng_bit_generator" in record.notes[0].text
    assert "threefry_2x32" in record.notes[1].text


@pytest.mark.parametrize("impl", ["threefry2x32", "rbg", "unsafe_rbg"])
def test_keys_and_samplers_are_no_bits_from_below(impl: str, ones: jax.Array) -> None:
    """Making, folding, splitting and drawing notes nothing."""

    def program(seed: jax.Array) -> Any:
        key = jax.random.fold_in(jax.random.key(seed, impl=impl), 3)
        return drop(jax.random.split(key)[0], ones), jax.random.normal(key, (2,))

    with recording() as record:
        program(jnp.int32(3))
        jax.jit(program)(3)
    assert record.notes == ()


def test_a_kernel_is_noted() -> None:
    """A Pallas kernel may draw inside, where nothing is seen."""
    pallas = pytest.importorskip("jax.experimental.pallas")

    def kernel(x_ref: Any, o_ref: Any) -> None:
        o_ref[...] = x_ref[...] * 2

    call = pallas.pallas_call(
        kernel, out_shape=jax.ShapeDtypeStruct((8,), jnp.float32), interpret=True
    )
    with recording() as record:
        jax.jit(call)(jnp.ones(8))
    assert kinds(record) == ["kernel"]


@pytest.mark.skipif(
    not hasattr(jax, "make_user_context"), reason="this JAX sets the trace number for one thread"
)
def test_a_step_compiled_before_is_refused_on_a_second_thread(
    key: jax.Array, ones: jax.Array
) -> None:
    """A second thread does not slip past the record with a step that it has compiled."""
    step = jax.jit(drop)
    step(key, ones)
    caught = []

    def other() -> None:
        try:
            step(key, ones)
        except RecordingError as error:
            caught.append(str(error))

    with recording() as record:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert "second thread" in caught[0]
    assert record.errors != ()
    step(key, ones)


@pytest.mark.skipif(not internals.forgets_traces(), reason="refused on this JAX")
def test_recording_leaks_no_tracer(key: jax.Array, ones: jax.Array) -> None:
    """`jax.checking_leaks` finds nothing that the recorder keeps."""
    helper = jax.jit(drop)

    @jax.jit
    def step(x: jax.Array) -> jax.Array:
        inner = lambda c, _: (helper(key, c), None)  # noqa: E731
        layers = jax.checkpoint(lambda v: lax.scan(inner, v, None, length=2)[0])
        chosen = lax.cond(x[0] > 0, layers, lambda v: v, x)
        return jnp.sum(jax.vmap(lambda v: drop(key, v))(jnp.stack([chosen, chosen])))

    with jax.checking_leaks(), recording() as record:
        jax.grad(step)(ones)
    assert len(record.draws) >= 3
    assert record.errors == ()


def test_an_execution_can_be_waited_for_when_nobody_holds_its_result(
    key: jax.Array, ones: jax.Array
) -> None:
    """A recorded program is run with a token, for which `jax.effects_barrier` waits; others not."""

    def tokens(function: Any) -> bool:
        executable: Any = jax.jit(function).lower(key, ones).compile()
        return bool(executable._executable.unsafe_call.has_unordered_effects)

    with recording():
        assert tokens(drop)
        assert not tokens(lambda _, x: x + 1)
    assert not tokens(drop)


def test_a_failing_program_is_named_as_an_error(
    monkeypatch: pytest.MonkeyPatch, key: jax.Array, ones: jax.Array
) -> None:
    """A program that failed may not have reported every draw: the record says so once."""

    def fail() -> None:
        raise RuntimeError("a callback of the program raised")

    with recording() as record:
        drop(key, ones)
        monkeypatch.setattr(jax, "effects_barrier", fail)
    assert len(record.draws) == 1
    (error,) = record.errors
    assert "a callback of the program raised" in error
