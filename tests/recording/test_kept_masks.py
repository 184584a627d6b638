"""Masks that are no function of their key are kept while recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.recording import RecordingError, journal, recording
from dropout_props.recording.internals import CONFIG
from tests.recording.snippets import drop

IMPLS = pytest.mark.parametrize("impl", ["rbg", "unsafe_rbg"])


@IMPLS
@pytest.mark.parametrize("transform", [lambda f: f, jax.jit], ids=["eager", "jit"])
def test_the_mask_of_an_rbg_key_is_the_one_that_was_drawn(
    impl: str, transform: Callable[..., Any], ones: jax.Array
) -> None:
    """The mask of each draw is the one that the program used, and the key has four words."""
    step = transform(drop)
    with recording() as record:
        outputs = [step(jax.random.key(seed, impl=impl), ones) for seed in range(3)]
    masks = record.masks(record.draws)
    np.testing.assert_array_equal(masks, np.stack(outputs) != 0)
    assert {len(d.key) for d in record.draws} == {4}
    assert {d.probability for d in record.draws} == {0.75}
    assert record.notes == ()


@IMPLS
def test_masks_of_rbg_keys_know_lanes_and_trips(impl: str) -> None:
    """Under vmap and scan each draw has the mask of its own lane and trip."""
    keys = jax.random.split(jax.random.key(0, impl=impl), 3)

    def model(key: jax.Array, x: jax.Array) -> jax.Array:
        body = lambda c, i: (c, drop(jax.random.fold_in(key, i), c))  # noqa: E731
        return jax.lax.scan(body, x, jnp.arange(2))[1]

    with recording() as record:
        outputs = jax.jit(jax.vmap(model))(keys, jnp.ones((3, 40)))
    assert len(record.draws) == 6
    for draw in record.draws:
        output = outputs[draw.lanes[0].index, draw.loops[0].index]
        np.testing.assert_array_equal(record.mask(draw), np.asarray(output) != 0)


@IMPLS
def test_one_rbg_key_for_a_batch_is_one_draw(impl: str) -> None:
    """With one key for all lanes there is one draw, and differentiation keeps values."""
    key = jax.random.key(0, impl=impl)
    step = jax.jit(jax.value_and_grad(lambda x: jnp.sum(jax.vmap(lambda v: drop(key, v))(x))))
    with recording() as record:
        seen = step(jnp.ones((5, 16)))
    (draw,) = record.draws
    assert [(lane.size, lane.index) for lane in draw.lanes] == [(5, None)]
    jax.tree.map(np.testing.assert_array_equal, seen, step(jnp.ones((5, 16))))


def test_an_unused_rbg_mask_is_no_draw(ones: jax.Array) -> None:
    """A mask that nothing uses is dropped, as without a record."""
    with recording() as record:
        jax.jit(lambda x: (drop(jax.random.key(0, impl="rbg"), x), x)[1])(ones)
    assert record.draws == ()


def test_masks_beyond_the_limit_are_dropped_with_a_note(
    monkeypatch: pytest.MonkeyPatch, ones: jax.Array
) -> None:
    """A record keeps so many bytes of masks and no more; the draws are recorded all the same."""
    monkeypatch.setattr(journal, "LARGEST_MASKS", 5)
    with recording() as record:
        for seed in range(4):
            drop(jax.random.key(seed, impl="rbg"), ones)
    assert len(record.draws) == 4
    assert [note.kind for note in record.notes] == ["masks"]
    assert len(record.masks(record.draws[:2])) == 2
    with pytest.raises(RecordingError, match="cannot be made again"):
        record.mask(record.draws[2])


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"shape": (17,)}, "shape"),
        ({"mode": "high"}, "mode"),
        ({"partitionable": not CONFIG.jax_threefry_partitionable}, "partitionable"),
    ],
)
def test_draws_of_two_kinds_are_refused(
    facts: dict[str, Any], name: str, key: jax.Array, ones: jax.Array
) -> None:
    """Masks of draws that differ in shape, mode or settings are not made in one call."""
    with recording() as record:
        drop(key, ones)
    (draw,) = record.draws
    other = replace(draw, site=replace(draw.site, **facts))
    with pytest.raises(RecordingError, match=f"alike: {name} is"):
        record.masks([draw, other])


def test_draws_of_two_dtypes_are_refused(key: jax.Array, ones: jax.Array) -> None:
    """Probabilities of two dtypes give different bits from one key."""
    with recording() as record:
        drop(key, ones)
    (draw,) = record.draws
    other = replace(draw, probability_dtype="float16")
    with pytest.raises(RecordingError, match="dtype of the probability is float32"):
        record.masks([draw, other])


def test_draws_of_two_implementations_are_refused(key: jax.Array, ones: jax.Array) -> None:
    """Masks of threefry and of rbg keys are not made in one call."""
    with recording() as record:
        drop(key, ones)
        drop(jax.random.key(0, impl="rbg"), ones)
    with pytest.raises(RecordingError, match="key implementation is threefry2x32"):
        record.masks(record.draws)
