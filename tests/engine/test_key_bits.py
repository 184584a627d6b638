"""Every bit of a key: each is flipped alone, and a layer that ignores any of them fails."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.cases.case import Case
from dropout_props.engine import Judge, Settings
from dropout_props.properties import dp418_key_bits, find
from dropout_props.properties import sampler as sampler_module
from dropout_props.properties.sampler import Sampler
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.subject import Subject

_JUDGE = Judge(Settings.of(profile="smoke"), {})


def _ignoring(bit: int | None) -> Subject:
    """Return a layer that ignores one bit of the key, without making two masks equal."""

    def layer(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
        if deterministic or rate == 0.0:
            return x
        words = jax.random.key_data(key)
        if bit is None:
            coarse = words
        else:
            mask = np.full(words.shape[-1], 2**32 - 1, np.uint32)
            mask[bit // 32] ^= np.uint32(1) << np.uint32(bit % 32)
            coarse = words & jnp.asarray(mask)
        keep = 1.0 - rate
        most = jax.random.bernoulli(jax.random.wrap_key_data(coarse), keep, x.shape)
        rest = jax.random.bernoulli(key, keep, x.shape)
        first = (jnp.arange(x.size) == 0).reshape(x.shape)
        return jnp.where(jnp.where(first, rest, most), x / keep, jnp.zeros_like(x))

    return Subject.function(layer, name=f"ignoring-{bit}", rate_one=False)


# By day one bit of each word stands for them.
_BY_NIGHT = [pytest.param(bit, marks=pytest.mark.nightly) for bit in (17, 31, 32)]


@pytest.mark.parametrize("bit", [0, 63, *_BY_NIGHT])
def test_an_ignored_bit_fails(bit: int) -> None:
    """Whichever it is, in either word, and the text names it."""
    result = _JUDGE(_ignoring(bit), find("DP418"))
    assert result.verdict is Verdict.FAIL, result.shown
    assert f"bit of the key {bit}:" in result.shown


def test_a_layer_that_uses_all_bits_passes() -> None:
    """The same layer, with no bit left out."""
    result = _JUDGE(_ignoring(None), find("DP418"))
    assert result.verdict is Verdict.PASS, result.shown


def _words(keys: Any, groups: int) -> Any:
    data = np.asarray(jax.random.key_data(keys))
    return data.reshape(groups, -1, data.shape[-1])


@pytest.mark.parametrize(("kind", "width"), [("threefry2x32", 64), ("rbg", 128)])
def test_each_key_of_a_group_differs_in_a_bit_of_its_own(kind: str, width: int) -> None:
    """The first is as it was drawn; the b-th after it differs in bit b alone."""
    sampler = Sampler(_ignoring(None), Case(), "DP418")
    with jax.default_prng_impl(kind):
        words = _words(dp418_key_bits._flipped_keys(sampler, "role", 3, 0), 3)
    assert words.shape == (3, width + 1, width // 32)
    changed = words[:, 1:] ^ words[:, :1]
    bits = np.unpackbits(np.ascontiguousarray(changed).view(np.uint8), axis=-1, bitorder="little")
    assert (bits == np.eye(width, dtype=np.uint8)).all()
    assert len({tuple(group[0]) for group in words}) == 3


def test_numbers_that_are_folded_in_differ_in_a_bit_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Under one parent a group; 33 numbers each."""
    seen: list[Any] = []

    def fold_in(key: Any, number: Any) -> Any:
        seen.append((key, number))
        return key

    monkeypatch.setattr(jax, "vmap", lambda function: function)
    monkeypatch.setattr(jax.random, "fold_in", fold_in)
    monkeypatch.setattr(sampler_module, "_of_pieces", lambda function, *some: function(*some))
    sampler = Sampler(_ignoring(None), Case(), "DP418")
    dp418_key_bits._flipped_numbers(sampler, "role", 2, 0)
    [(keys, numbers)] = seen
    numbers = np.asarray(numbers)[: 2 * 33].reshape(2, 33)  # the rest fills the piece
    assert ((numbers[:, 1:] ^ numbers[:, :1]) == 2 ** np.arange(32, dtype=np.uint32)).all()
    parents = _words(keys[: 2 * 33], 2)
    assert (parents == parents[:, :1]).all()
