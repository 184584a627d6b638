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


def barely_moved(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Right, but for what float32 rounds off: the masks move an output by a few ulp."""
    return x + 1e-6 * (x if deterministic else x * _coins(key, x, rate, x.shape))


def half_reached(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Half of the units have no dropout, and are rounded in another way in training."""
    rest, dropped = jnp.split(x, 2, axis=-1)
    if not deterministic:
        rest = jnp.nextafter(rest, jnp.inf)
        dropped = dropped * _coins(key, dropped, rate, dropped.shape)
    return jnp.concatenate([rest, dropped], axis=-1)


def partly_infinite(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Right, with units that are infinite in both modes, as a model may mask what is absent."""
    y = x if deterministic else x * _coins(key, x, rate, x.shape)
    return y.at[..., :3].set(-jnp.inf)


def large(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
    """Right, and of many units for each of the input."""
    y = x if deterministic else x * _coins(key, x, rate, x.shape)
    return jnp.broadcast_to(y[..., None], (*y.shape, 1024))


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


@pytest.mark.parametrize("rate", [0.5, 0.3])
def test_a_unit_that_no_mask_reaches_may_be_rounded(rate: float) -> None:
    """It has no weight, however small its spread is."""
    _checked(Subject.function(half_reached, **_MODEL), rate)


@pytest.mark.parametrize("rate", [0.5, 0.3])
def test_masks_that_move_an_output_by_its_rounding_are_not_judged(rate: float) -> None:
    """The mean of what float32 rounds off is no fault of a right model."""
    with pytest.raises(NotRun, match="move the output by little more than float32 rounds it"):
        _checked(Subject.function(barely_moved, **_MODEL), rate)


def test_units_without_a_finite_evaluation_are_left_out() -> None:
    """The others are judged, and the message has the place of a unit in the whole output."""
    _checked(Subject.function(partly_infinite, **_MODEL), 0.5)

    def wrong(key: Any, x: Any, rate: float, deterministic: bool) -> Any:
        y = partly_infinite(key, x, rate, deterministic)
        return y if deterministic else y.at[..., 5].multiply(2.0)

    with pytest.raises(Violation, match=r"at \[5\] it is"):
        _checked(Subject.function(wrong, **_MODEL), 0.5)


def test_a_large_output_is_not_judged() -> None:
    """A thousand of them in float64 need not fit into memory."""
    with pytest.raises(NotRun, match=r"has 131,072 units: the mean of up to 65,536 is judged"):
        _checked(Subject.function(large, **_MODEL), 0.5)


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
