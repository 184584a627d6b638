"""Properties that the layers of Flax violate pass a layer that conforms."""

import zlib
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from dropout_props.engine import Judge, Settings
from dropout_props.environment.installed import probe
from dropout_props.properties import find
from dropout_props.results.verdict import Verdict
from dropout_props.selftest.kernel.build import kernel_subject
from dropout_props.selftest.kernel.kernel import Kernel, Site
from dropout_props.selftest.mutants import APIS, MUTANTS
from dropout_props.subjects.subject import Subject

_JUDGE = Judge(replace(Settings.of(profile="smoke"), confirm=False), probe().versions)


def _named(site: Site) -> Any:
    return jax.random.fold_in(site.issue(), zlib.crc32(site.stream.encode()))


def _floats_alone(x: Any, _rate: float) -> Any:
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise TypeError(f"x is of {x.dtype}")
    return x


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("property_id", "kernel"),
    [("DP417", Kernel(derive_key=_named)), ("DP112", Kernel(evaluate=_floats_alone))],
    ids=["DP417", "DP112"],
)
def test_a_layer_that_conforms_passes(property_id: str, kernel: Kernel, api: Any) -> None:
    """It hashes the names of streams into its keys, or checks the dtype in evaluation."""
    result = _JUDGE(
        kernel_subject(kernel, api=api, name=f"conforming-{property_id}-{api}"), find(property_id)
    )
    assert result.verdict is Verdict.PASS, result.shown


@pytest.mark.parametrize("name", ["integers_promoted", "integers_rounded"])
@pytest.mark.parametrize("api", APIS)
def test_a_layer_that_trains_on_integers_fails_dp108_only(name: str, api: Any) -> None:
    """DP112 passes it."""
    [mutant] = [one for one in MUTANTS if one.name == name]
    result = _JUDGE(mutant.subject(api), find("DP112"))
    assert result.verdict is Verdict.PASS, result.shown


@pytest.mark.parametrize("api", APIS)
def test_dp111_finds_that_rate_0_needs_a_key_at_all(api: Any) -> None:
    """Without any key, not only without its own."""
    [mutant] = [one for one in MUTANTS if one.name == "rate0_needs_key"]
    assert "rate 0 without any key" in _JUDGE(mutant.subject(api), find("DP111")).shown


class _Late(nnx.Module):
    """Looks up its stream when it draws, not when it is built."""

    def __init__(self, rate: float, *, deterministic: bool = False, rngs: Any = None) -> None:
        self.rate, self.deterministic, self.rngs = rate, deterministic, rngs

    def __call__(self, x: Any) -> Any:
        if self.deterministic or self.rate == 0.0:
            return x
        kept = jax.random.bernoulli(self.rngs.dropout(), 1.0 - self.rate, x.shape)
        return jnp.where(kept, x / (1.0 - self.rate), 0)


class _Early(_Late):
    """Requires a key when it is built."""

    def __init__(self, rate: float, *, deterministic: bool = False, rngs: Any = None) -> None:
        super().__init__(rate, deterministic=deterministic, rngs=rngs)
        if rngs is not None and "dropout" not in rngs:
            raise TypeError("no key for 'dropout'")


@pytest.mark.parametrize(
    ("layer", "verdict"), [(_Late, Verdict.PASS), (_Early, Verdict.FAIL)], ids=["late", "early"]
)
def test_dp111_distinguishes_when_a_layer_requires_its_stream(layer: Any, verdict: Verdict) -> None:
    """It passes a layer that requires it when it draws, and fails one that does when built."""
    result = _JUDGE(Subject.nnx(layer, name=layer.__name__), find("DP111"))
    assert result.verdict is verdict, result.shown


class _Strict(nnx.Module):
    """Merges the modes itself, and raises where nothing sets the mode."""

    default: bool | None = None

    def __init__(
        self, rate: float, *, deterministic: bool | None = False, rngs: Any = None
    ) -> None:
        self.rate, self.deterministic, self.rngs = rate, deterministic, rngs

    def __call__(self, x: Any, *, deterministic: bool | None = None) -> Any:
        places = (deterministic, self.deterministic, self.default)
        mode = next((place for place in places if place is not None), None)
        if mode is None:
            raise ValueError("deterministic is set nowhere")
        if mode or self.rate == 0.0:
            return x
        kept = jax.random.bernoulli(self.rngs.dropout(), 1.0 - self.rate, x.shape)
        return jnp.where(kept, x / (1.0 - self.rate), 0)


class _Trains(_Strict):
    default = False


class _Evaluates(_Strict):
    default = True


@pytest.mark.parametrize(
    ("layer", "verdict"),
    [(_Strict, Verdict.PASS), (_Trains, Verdict.FAIL), (_Evaluates, Verdict.FAIL)],
    ids=["raises", "trains", "evaluates"],
)
def test_dp105_requires_an_error_where_nothing_sets_the_mode(layer: Any, verdict: Verdict) -> None:
    """It passes a layer that raises, and fails one that trains or evaluates."""
    subject = Subject.nnx(layer, name=layer.__name__, mode_rule="call first")
    result = _JUDGE(subject, find("DP105"))
    assert result.verdict is verdict, result.shown
    assert ("deterministic is None when built: it " in result.shown) == (verdict is Verdict.FAIL)
