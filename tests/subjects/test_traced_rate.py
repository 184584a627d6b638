"""DP516 hands a rate over as an argument of a compiled program, to layers that take one."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dropout_props.cases.case import Case
from dropout_props.engine import Judge, Settings
from dropout_props.layers import registry
from dropout_props.properties import Violation, find
from dropout_props.properties.sampler import Sampler
from dropout_props.results.records import PropertyResult
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.subject import Subject

_JUDGE = Judge(replace(Settings.of(profile="smoke"), confirm=False), {})


def traced(key: Any, x: Any, rate: Any, deterministic: bool) -> Any:
    """Dropout without a branch on its rate."""
    if deterministic:
        return x
    keep = 1 - jnp.asarray(rate, jnp.float32)
    return jnp.where(jax.random.bernoulli(key, keep, x.shape), x / keep.astype(x.dtype), 0)


def kept_at_first(key: Any, x: Any, rate: Any, deterministic: bool) -> Any:
    """The program has the rate of its first trace: here, one half."""
    return traced(key, x, 0.5 if isinstance(rate, jax.core.Tracer) else rate, deterministic)


def branching(key: Any, x: Any, rate: Any, deterministic: bool) -> Any:
    """Dropout as every tutorial writes it."""
    return x if rate == 0.0 else traced(key, x, np.float32(rate), deterministic)


_LOST = -1.7580993408473766  # of AlphaDropout


def _map(keep: Any) -> tuple[Any, Any]:
    slope = (keep + _LOST**2 * keep * (1 - keep)) ** -0.5
    return slope, -slope * _LOST * (1 - keep)


def affine(key: Any, x: Any, rate: Any, deterministic: bool) -> Any:
    """A map that restores the variance, computed from a rate that may be traced."""
    if deterministic:
        return x
    keep = 1 - jnp.asarray(rate, jnp.float32)
    slope, shift = _map(keep)
    return slope * jnp.where(jax.random.bernoulli(key, keep, x.shape), x, _LOST) + shift


def _judged(function: Any) -> PropertyResult:
    return _JUDGE(Subject.function(function), find("DP516"))


def test_a_layer_without_a_branch_passes() -> None:
    """One program gives each rate the output of an eager call, at rate 0 too."""
    assert _judged(traced).verdict is Verdict.PASS


def test_an_affine_map_may_be_rounded_in_another_way() -> None:
    """A program multiplies and adds in one step; a map of another rate is still seen."""
    traits: dict[str, Any] = {
        "kept": lambda x, keep: _map(keep)[0] * x + _map(keep)[1],
        "dropped": lambda keep: _map(keep)[0] * _LOST + _map(keep)[1],
        "dtypes": ("float32",),
        "rate_one": False,
    }

    def forgotten(key: Any, x: Any, rate: Any, deterministic: bool) -> Any:
        return affine(key, x, 0.5 if isinstance(rate, jax.core.Tracer) else rate, deterministic)

    check: Any = find("DP516").exact
    case = Case(shape=(128,), rate=0.75)
    check.check(Sampler(Subject.function(affine, **traits), case, "DP516"))
    with pytest.raises(Violation, match=r"jit with the rate 0\.75 as argument: 128 of 128 values"):
        check.check(Sampler(Subject.function(forgotten, **traits), case, "DP516"))


def test_a_program_that_keeps_a_rate_fails() -> None:
    """The message has the rate that was handed over."""
    result = _judged(kept_at_first)
    assert result.verdict is Verdict.FAIL
    assert "jit with the rate 0.25 as argument: " in result.shown


@pytest.mark.parametrize("name", ["nnx.Dropout", ""])
def test_a_layer_that_refuses_one_is_not_judged(name: str) -> None:
    """The sentence has the error, and what it costs."""
    subject = registry.load(name) if name else Subject.function(branching)
    result = _JUDGE(subject, find("DP516"))
    assert result.verdict is Verdict.NOT_APPLICABLE
    assert result.shown == (
        "it refuses a traced rate (TracerBoolConversionError), so that a jitted step is compiled "
        "for each rate of a schedule"
    )
