"""DP805 judges the mean of a model that says it is linear in its masks, and of no other."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from dropout_props.cases.case import Case
from dropout_props.engine import Judge, Settings
from dropout_props.properties import NotRun, Violation, find
from dropout_props.properties.sampler import Sampler
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.subject import Subject

_JUDGE = Judge(replace(Settings.of(profile="smoke"), confirm=False), {})
_MODEL: dict[str, Any] = {"kind": "model", "linear": True, "rate_one": False}
_PROPERTY = find("DP805")


def _checked(subject: Subject, rate: float) -> None:
    """Judge one case of 128 units."""
    assert _PROPERTY.exact is not None
    _PROPERTY.exact.check(Sampler(subject, Case(rate=rate), "DP805"))


def _coins(key: Any, x: Any, rate: float, shape: Any) -> Any:
    return jax.random.bernoulli(key, 1 - rate, shape) / (1 - rate)


def one_coin(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """The most skewed sum of coins that there is."""
    return 3 * x + 1 if deterministic else 3 * x * _coins(key, x, rate, ()) + 1


def one_unit(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """All coins in one output, with weights of both signs."""
    y = x if deterministic else x * _coins(key, x, rate, x.shape)
    return y @ jnp.cos(jnp.arange(x.shape[-1] * 1.0))


def by_rate(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Divided by the rate: right at 1/2 alone."""
    return x if deterministic else x * _coins(key, x, rate, x.shape) * (1 - rate) / rate


def in_bfloat16(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Right, and rounded on the way."""
    y = x if deterministic else x * _coins(key, x, rate, x.shape)
    return y.astype(jnp.bfloat16).astype(x.dtype)


@pytest.mark.parametrize(
    ("function", "rate"), [(one_coin, 0.1), (one_coin, 0.9), (one_unit, 0.5), (one_unit, 0.1)]
)
def test_a_linear_model_passes_at_each_rate(function: Any, rate: float) -> None:
    """However skewed its output is, and however few coins it is made of."""
    _checked(Subject.function(function, **_MODEL), rate)


def test_a_scale_that_is_right_at_one_half_alone_fails() -> None:
    """The mean is judged at other rates too, and the message has both means."""
    _checked(Subject.function(by_rate, **_MODEL), 0.5)
    with pytest.raises(Violation, match=r"output is 2\.3\d* times the evaluation output; at \[\d+"):
        _checked(Subject.function(by_rate, **_MODEL), 0.3)


def test_what_cannot_be_judged_is_said() -> None:
    """A rate near 0, and numbers of half precision, whose rounding has a mean of its own."""
    with pytest.raises(NotRun, match=r"at rates from 0\.1 to 0\.9"):
        _checked(Subject.function(one_coin, **_MODEL), 0.05)
    result = _JUDGE(Subject.function(in_bfloat16, **_MODEL), _PROPERTY)
    assert (result.verdict, result.shown) == (
        Verdict.NOT_APPLICABLE, "it computes in bf16, and its mean is rounded",
    )  # fmt: skip


def test_it_is_opt_in() -> None:
    """A model that says nothing may be curved behind its dropout."""
    result = _JUDGE(Subject.function(by_rate, kind="model"), _PROPERTY)
    assert result.verdict is Verdict.NOT_APPLICABLE
    assert result.shown == "it does not say that its output is linear in its masks"
