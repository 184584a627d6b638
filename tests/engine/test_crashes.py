"""A crash is the verdict of the cases in which it happens, and hides no other one."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from dropout_props.cases.case import Case
from dropout_props.engine import Judge, Settings
from dropout_props.engine.crashed_cases import Crashes
from dropout_props.environment.installed import probe as installed
from dropout_props.properties import find
from dropout_props.results.verdict import Verdict
from dropout_props.subjects.errors import Crashed
from dropout_props.subjects.subject import Subject

_JUDGE = Judge(replace(Settings.of(profile="smoke"), confirm=False), installed().conditions)


def below(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Dropout that raises at rates above 0.8."""
    if rate > 0.8:
        raise ValueError("too high")
    if deterministic or rate == 0.0:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def below_unscaled(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """The same, and it does not scale."""
    y = below(key, x, rate, deterministic)
    return y if deterministic else jnp.where(y == 0, 0, x)


@pytest.mark.parametrize("property_id", ["DP201", "DP202"])
def test_a_crash_at_some_rates_is_an_error_that_names_them(property_id: str) -> None:
    """An exact property and a count are judged in their other cases, which the text counts."""
    result = _JUDGE(Subject.function(below), find(property_id))
    assert result.verdict is Verdict.ERROR
    assert result.num_examples > 0
    assert result.failure is not None
    assert "ValueError: too high" in result.failure.seen
    assert "which alone have a rate of 0.9 or more (the others at most 0." in result.failure.seen
    assert "It raised in 1 of " in result.shown


def test_a_crash_in_some_cases_blocks_nothing() -> None:
    """A property that depends on the crashed one, and has no such case, passes."""
    subject = Subject.function(below)
    assert _JUDGE(subject, find("DP201")).verdict is Verdict.ERROR
    assert "DP201" in find("DP516").blocked_by
    assert _JUDGE(subject, find("DP516")).verdict is not Verdict.BLOCKED


def test_a_counterexample_outweighs_a_crash() -> None:
    """The layer is wrong in the cases in which it does not raise."""
    assert _JUDGE(Subject.function(below_unscaled), find("DP201")).verdict is Verdict.FAIL


def test_what_crashed_cases_have_in_common_is_all_named() -> None:
    """One case cannot tell a rate from a kind of input: both are said."""
    error = Crashed("it raised", subject="s", operation="o", call="c")
    crashes = Crashes()
    assert crashes.beside([]) is None
    crashes.add(Case(rate=0.9, values="negative"), error)
    crash = crashes.beside([Case(rate=0.5), Case(rate=0.25)])
    assert crash is not None
    assert "1 of 3 cases, which alone have a rate of 0.9 or more (the others" in crash.where
    assert "values=negative; the first is" in crash.where
    with pytest.raises(Crashed):
        crashes.beside([])
