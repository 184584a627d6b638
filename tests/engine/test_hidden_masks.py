"""A model whose output hides what its dropout does is not accused; one that drops nothing is."""

from dataclasses import replace
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import pytest

from dropout_props.cases.case import Case
from dropout_props.engine.adapt_case import fit
from dropout_props.properties import NotRun, Violation, find
from dropout_props.properties.dataflow import depends_on_argument
from dropout_props.properties.sampler import Sampler
from dropout_props.subjects.subject import Subject
from dropout_props.subjects.traits import Traits


class Head(nn.Module):
    """A dropout before a last layer, which begins with zeros as in a vision transformer."""

    rate: float
    zeros: bool = True
    forgotten: bool = False

    @nn.compact
    def __call__(self, x: Any, *, deterministic: bool = False) -> Any:
        """Return the logits."""
        x = nn.Dropout(self.rate)(x, deterministic=deterministic or self.forgotten)
        start = nn.initializers.zeros if self.zeros else nn.initializers.ones
        return nn.Dense(3, kernel_init=start)(x)


def _check(property_id: str, **options: Any) -> None:
    prop = find(property_id)
    assert prop.exact is not None
    subject = Subject.linen(lambda rate: Head(rate, **options), name="head", kind="model")
    prop.exact.check(Sampler(subject, Case(shape=(4, 8), rate=0.5), property_id, 0))


@pytest.mark.parametrize("property_id", ["DP405", "DP802"])
def test_a_last_layer_that_begins_with_zeros_says_nothing(property_id: str) -> None:
    """Its output is computed from the key, and is the same under every key."""
    _check(property_id, zeros=False)
    with pytest.raises(NotRun, match="parameters that begin as zeros"):
        _check(property_id)


@pytest.mark.parametrize("zeros", [True, False])
def test_a_model_that_does_not_use_its_key_drops_nothing(zeros: bool) -> None:
    """No value of the output is computed from the key, whatever the last layer begins with."""
    with pytest.raises(Violation, match="nothing is dropped"):
        _check("DP802", zeros=zeros, forgotten=True)


def test_a_model_is_judged_on_several_examples_where_it_takes_them() -> None:
    """A BatchNorm subtracts one example from itself, so that dropout behind it drops zeros."""
    model = Traits(api="linen", law="composite", reference="eval")
    assert fit(Case(shape=(128,)), model).shape == (8, 16)
    assert fit(Case(shape=(128,)), replace(model, max_rank=1)).shape == (128,)


@pytest.mark.parametrize(
    ("function", "depends"),
    [
        (lambda a: 0 * a, True),
        (lambda a: jnp.ones(3) + 0 * jnp.sum(jnp.ones_like(a)), False),
        (jax.jit(lambda a: jnp.where(a > 0, 1.0, 0.0)), True),
        (jax.jit(lambda a: (jnp.sin(a), jnp.ones(2))[1]), False),
        (lambda a: jax.lax.scan(lambda c, _: (c + a, None), 0.0 * a, None, length=2)[0], True),
        (lambda _: jnp.ones(2), False),
        (jax.checkpoint(lambda a: (a, jnp.ones(2))[1]), False),
        (jax.nn.relu, True),
    ],
)
def test_the_output_depends_on_what_it_is_computed_from(function: Any, depends: bool) -> None:
    """A factor of zero counts, a value that is thrown away or only gives its shape does not."""
    assert depends_on_argument(function, jnp.float32(1)) is depends
