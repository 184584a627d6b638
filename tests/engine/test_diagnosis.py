"""Each explanation is named on the mutant that was made for it, and none on a correct layer."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.cases.case import Case
from dropout_props.engine import Settings, diagnosis
from dropout_props.engine.diagnosis import diagnose, examine
from dropout_props.engine.diagnosis.structure import structure
from dropout_props.properties import CATALOGUE, Property, find
from dropout_props.statistics import keep_interval
from dropout_props.subjects.subject import Subject

_SETTINGS = replace(Settings.of(profile="smoke"), confirm=False)
_SHORT = Case(shape=(128,))
_SQUARE = Case(shape=(12, 12))
_ALONG = "the mask is constant along"
_MEANT = "(if it is meant to be, declare shared_axes=(%d,))"
_REST = "(if it is meant to be, declare shared_axes=(-1,) or shares_rest=True)"

_WHOLE = "(if it is meant to be, declare shares_rest=True)"
_AGAIN = "the same keys give other masks when they are used again: the key alone does not decide"
_MIXED = "all units are kept at rate 0.3: rate and 1 - rate are mixed up"
_CALLS = itertools.count()

Draw = Callable[[Any, float, Any], Any]


def _layer(draw: Draw, **traits: Any) -> Subject:
    def layer(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
        if deterministic or rate == 0.0:
            return x
        kept = draw(key, 1 - rate, x)
        return jnp.where(kept, x / jnp.asarray(1 - rate, x.dtype), jnp.zeros_like(x))

    return Subject.function(layer, name=draw.__name__, **traits)


def _fair(key: Any, keep: float, shape: Any) -> Any:
    return jax.random.uniform(key, shape) < keep


def _words(key: Any) -> Any:
    return jax.random.key_data(key) if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else key


def good(key: Any, keep: float, x: Any) -> Any:
    """A correct mask."""
    return _fair(key, keep, x.shape)


def rows(key: Any, keep: float, x: Any) -> Any:
    """One coin a row."""
    return jnp.broadcast_to(_fair(key, keep, (*x.shape[:-1], 1)), x.shape)


def columns(key: Any, keep: float, x: Any) -> Any:
    """One mask for all rows."""
    return jnp.broadcast_to(_fair(key, keep, (1, *x.shape[1:])), x.shape)


def tiles(key: Any, keep: float, x: Any) -> Any:
    """A tile of 32 units, repeated."""
    return _fair(key, keep, (32,))[jnp.arange(x.size) % 32].reshape(x.shape)


def mirrored(key: Any, keep: float, x: Any) -> Any:
    """The second half mirrors the first."""
    half = _fair(key, keep, (x.size // 2,))
    return jnp.concatenate([half, half[::-1]]).reshape(x.shape)


def transposed(key: Any, keep: float, x: Any) -> Any:
    """A symmetric mask."""
    mask = _fair(key, keep, x.shape)
    return jnp.where(jnp.tri(len(x), dtype=bool), mask, mask.T)


def exactly(key: Any, keep: float, x: Any) -> Any:
    """The same number of units is kept in every mask."""
    order = jnp.argsort(jax.random.uniform(key, (x.size,)))
    return (order < round(keep * x.size)).reshape(x.shape)


def constant_key(key: Any, keep: float, x: Any) -> Any:
    """The key is ignored."""
    return _fair(jax.random.PRNGKey(0), keep, x.shape)


def halved_seed(key: Any, keep: float, x: Any) -> Any:
    """Seeds 2n and 2n + 1 give one mask."""
    words = _words(key)
    return _fair(jax.random.wrap_key_data(words >> 1), keep, x.shape)


def antithetic(key: Any, keep: float, x: Any) -> Any:
    """An odd seed gives the complement of the even seed before it, at rate 1/2."""
    words = _words(key)
    even = jax.random.wrap_key_data(words.at[-1].set(words[-1] & ~jnp.uint32(1)))
    return _fair(even, keep, x.shape) ^ (words[-1] % 2 == 1)


def shifted(key: Any, keep: float, x: Any) -> Any:
    """Tile i of 8 units is seeded with seed + i."""
    words = _words(key)
    seeds = words[-1] + jnp.arange(-(-x.size // 8), dtype=jnp.uint32)
    draw: Any = jax.vmap(lambda s: _fair(jax.random.wrap_key_data(words.at[-1].set(s)), keep, (8,)))
    return draw(seeds).reshape(-1)[: x.size].reshape(x.shape)


def sign(key: Any, keep: float, x: Any) -> Any:
    """Negative units are dropped more often."""
    return jax.random.uniform(key, x.shape) < jnp.where(x < 0, keep / 2, keep)


def small(key: Any, keep: float, x: Any) -> Any:
    """Small units are dropped more often."""
    return jax.random.uniform(key, x.shape) < jnp.where(jnp.abs(x) < 0.9, keep / 2, keep)


def values(key: Any, keep: float, x: Any) -> Any:
    """The key is mixed with the input."""
    bits = jax.lax.bitcast_convert_type(x.sum().astype(jnp.float32), jnp.uint32)
    return _fair(jax.random.fold_in(key, bits), keep, x.shape)


def half_precision(key: Any, keep: float, x: Any) -> Any:
    """Inputs of half precision are dropped more often."""
    return _fair(key, keep if x.dtype == jnp.float32 else 0.9 * keep, x.shape)


def spatial(key: Any, keep: float, x: Any) -> Any:
    """From four axes on units are dropped more often."""
    return _fair(key, keep if x.ndim < 4 else 0.9 * keep, x.shape)


def large(key: Any, keep: float, x: Any) -> Any:
    """Above 512 units they are dropped more often."""
    return _fair(key, keep if x.size <= 512 else 0.9 * keep, x.shape)


def some_rates(key: Any, keep: float, x: Any) -> Any:
    """About rate 0.2 units are dropped more often."""
    return _fair(key, keep - 0.05 if 0.75 <= keep <= 0.85 else keep, x.shape)


def path(key: Any, keep: float, x: Any) -> Any:
    """One coin an example."""
    return jnp.broadcast_to(_fair(key, keep, (len(x), *(1,) * (x.ndim - 1))), x.shape)


def maps(key: Any, keep: float, x: Any) -> Any:
    """One coin a channel of an example, as in spatial dropout."""
    coins = _fair(key, keep, (len(x), *(1,) * (x.ndim - 2), x.shape[-1]))
    return jnp.broadcast_to(coins, x.shape)


def host_key(_: Any, keep: float, x: Any) -> Any:
    """A number of the host takes the place of the key."""
    return _fair(jax.random.PRNGKey(next(_CALLS)), keep, x.shape)


def rate_for_keep(key: Any, keep: float, x: Any) -> Any:
    """Units are kept with the probability of being dropped."""
    return _fair(key, 1 - keep, x.shape)


def highest_rate(key: Any, keep: float, x: Any) -> Any:
    """At rate 0.9 nearly all units are kept."""
    return _fair(key, keep if keep > 0.2 else 0.95, x.shape)


def _said(draw: Draw, property_id: str, case: Case, **traits: Any) -> str:
    return diagnose(_layer(draw, **traits), find(property_id), case, _SETTINGS)


@pytest.mark.parametrize(
    ("draw", "property_id", "case", "words"),
    [
        (rows, "DP301", _SQUARE, f"{_ALONG} the last axis {_REST}"),
        (rows, "DP205", _SHORT, f"{_ALONG} the last axis {_MEANT % -1}"),
        (rows, "DP202", replace(_SHORT, rate=0.01), f"{_ALONG} the last axis {_MEANT % -1}"),
        (columns, "DP301", _SQUARE, f"{_ALONG} axis 0 {_MEANT % 0}"),
        (tiles, "DP301", _SHORT, "the mask has the period 32"),
        (tiles, "DP301", Case(shape=(4, 64)), "the mask has the period 32"),
        (mirrored, "DP301", _SHORT, "the mask is its own mirror image"),
        (transposed, "DP307", _SQUARE, "the mask is its own transpose"),
        (exactly, "DP205", _SHORT, "every mask keeps exactly 64 of 128 units"),
        (constant_key, "DP402", _SHORT, "every key gives the same mask"),
        (constant_key, "DP306", Case(shape=(8, 4096)), "every key gives the same mask"),
        (host_key, "DP304", _SHORT, _AGAIN),
        (host_key, "DP306", Case(shape=(8, 4096)), _AGAIN),
        (path, "DP301", Case(shape=(8, 4, 4)), f"{_ALONG} axis 1 and the last axis {_WHOLE}"),
        (
            maps,
            "DP306",
            Case(shape=(1, 1, 8, 4096)),
            f"{_ALONG} axis 1 and axis 2 (if it is meant to be, declare shared_axes=(1, 2))",
        ),
        (rate_for_keep, "DP202", replace(_SHORT, rate=0.1), f"0.3 of {_MIXED}"),
        (rate_for_keep, "DP201", Case(shape=(), rate=1.0), f"0.28 of {_MIXED}"),
        (
            highest_rate,
            "DP202",
            replace(_SHORT, rate=0.9),
            "wrong at rates about 0.9, and not at 0.05, 0.1, 0.2, 0.3, 0.5, 0.7",
        ),
        (halved_seed, "DP402", _SHORT, "the mask of seed s + 1 is a copy of the one before"),
        (antithetic, "DP402", _SHORT, "the mask of seed s + 1 is the complement of the one before"),
        (shifted, "DP408", _SHORT, "the mask of seed s + 1 is the one before, shifted by 8 units"),
        (sign, "DP304", _SHORT, "which units are dropped depends on the sign of x"),
        (small, "DP304", _SHORT, "which units are dropped depends on the size of x"),
        (values, "DP304", _SHORT, "which units are dropped depends on the values of x"),
        (
            half_precision,
            "DP202",
            replace(_SHORT, dtype="bfloat16"),
            "wrong for inputs of bfloat16, and not of float32",
        ),
        (spatial, "DP202", Case(shape=(4, 4, 4, 2)), "wrong at ranks of 4 or more"),
        (large, "DP202", Case(shape=(1024,)), "wrong above 512 units"),
        (
            some_rates,
            "DP202",
            replace(_SHORT, rate=0.2),
            "wrong at rates about 0.2, and not at 0.05, 0.1, 0.3, 0.5, 0.7, 0.9",
        ),
    ],
)
def test_the_explanation_that_holds_is_named(
    draw: Draw, property_id: str, case: Case, words: str
) -> None:
    """A mutant with one simple fault is explained in the words for it."""
    assert _said(draw, property_id, case) == words


def test_the_masks_that_show_it_come_with_the_explanation() -> None:
    """Three masks of other keys, at the failing case's shape; none of a layer that hides them."""
    found = examine(_layer(rows), find("DP301"), _SQUARE, _SETTINGS)
    assert len(set(found.masks)) == 3
    assert [len(mask) for mask in found.masks] == [8, 8, 8]
    assert {line for mask in found.masks for line in mask} == {"0" * 12, "1" * 12}
    hidden = _layer(rows, law="noise")
    assert examine(hidden, find("DP301"), _SQUARE, _SETTINGS).masks == ()


def test_a_shared_axis_that_varies_is_named() -> None:
    """A layer that shares its mask along another axis than it says gets both axes named."""
    case = Case(shape=(6, 5, 8), broadcast_dims=(1, 2))
    said = _said(columns, "DP302", case, shares_rest=True)
    assert said == (
        "the mask is constant along axis 0 and the mask varies along axis 1 and the last axis, "
        "where the layer says that it shares it"
    )


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (0.7, "kept units are 0.7 times x/keep at rate 0.3: they are not scaled"),
        (1.25, "kept units are 1.25 times x/keep at rate 0.3"),
    ],
)
def test_a_wrong_scale_is_named(factor: float, words: str) -> None:
    """Where all kept units are wrong by one factor, the factor and its reason are named."""

    def layer(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
        if deterministic:
            return x
        return jnp.where(_fair(key, 1 - rate, x.shape), factor * x / (1 - rate), 0)

    subject = Subject.function(layer)
    assert diagnose(subject, find("DP201"), _SHORT, _SETTINGS) == words


def test_a_value_of_dropped_units_is_named() -> None:
    """Units of several inputs that become one number are dropped, whatever the number is."""

    def layer(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
        if deterministic:
            return x
        return jnp.where(_fair(key, 1 - rate, x.shape), 2 * x, -1.5)

    said = diagnose(Subject.function(layer), find("DP201"), _SHORT, _SETTINGS)
    assert said == (
        "dropped units are -1.5 at rate 0.3 (if they are meant to be, declare dropped= and kept=)"
    )


@pytest.mark.parametrize(
    "case",
    [_SHORT, replace(_SHORT, rate=0.1), Case(shape=(4, 4, 4, 2))],
)
def test_none_is_named_on_a_correct_layer(case: Case) -> None:
    """A correct mask has no explanation, whatever property is asked about."""
    assert _said(good, "DP202", case) == ""
    assert _said(good, "DP304", case) == ""
    assert _said(good, "DP201", case) == ""


def test_none_is_named_on_a_correct_layer_that_shares_its_mask() -> None:
    """An axis that the layer says it shares is no fault."""
    case = Case(shape=(6, 5, 8), broadcast_dims=(1, 2))

    def by_example(key: Any, keep: float, x: Any) -> Any:
        return jnp.broadcast_to(_fair(key, keep, (len(x), 1, 1)), x.shape)

    assert _said(by_example, "DP302", case, shares_rest=True) == ""


def test_too_few_units_explain_nothing() -> None:
    """Two equal masks of few units are chance: nothing is said."""
    assert structure(np.ones((2, 8), bool), keep_interval(0.5)) == ""


@pytest.mark.nightly
def test_no_property_has_an_explanation_on_a_correct_layer() -> None:
    """Over the whole catalogue and three rates, nothing is said about a correct mask."""
    for rate in (0.1, 0.5, 0.9):
        for prop in CATALOGUE:
            assert _said(good, prop.id, Case(shape=(16, 33), rate=rate)) == "", prop.id


def test_no_other_cases_are_compiled_for_a_transform(monkeypatch: pytest.MonkeyPatch) -> None:
    """A case of a transform takes many seconds: where the masks say nothing, nothing is tried."""
    tried: list[str] = []

    def only_where(_: object, prop: Property) -> str:
        tried.append(prop.id)
        return "there"

    monkeypatch.setattr(diagnosis, "only_where", only_where)
    assert _said(good, "DP513", _SHORT) == ""
    assert _said(good, "DP202", _SHORT) == "there"
    assert tried == ["DP202"]
