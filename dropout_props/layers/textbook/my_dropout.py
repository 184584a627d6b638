"""MyDropout: dropout written out in Linen, with a key of the stream `dropout`.

The description has no special case for rate 1: there the output is all zeros, and the gradient
is NaN (0 times the infinite 1/keep). `flax.linen.Dropout` has such a case.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from dropout_props.subjects.protocol import Array
from dropout_props.subjects.subject import Subject

_DETERMINISTIC_FROM = 0.5


class MyDropout(nn.Module):
    """Drops each unit with probability `rate` and scales the kept units by 1/(1 - rate).

    Attributes:
        rate: probability that a unit is dropped.
    """

    rate: float

    @nn.compact
    def __call__(self, x: Array, *, deterministic: bool = False) -> Array:
        """Return `x` if `deterministic` or at rate 0, else a masked and scaled copy."""
        if deterministic or self.rate == 0.0:
            return x
        keep_rate = 1.0 - self.rate
        kept = jax.random.bernoulli(self.make_rng("dropout"), keep_rate, x.shape)
        return jnp.where(kept, x / keep_rate, 0)


def my_dropout_problem(seed: float, x: Array, rate: float, deterministic: float) -> Array:
    """Apply MyDropout to `x`; every other argument is a float.

    Args:
        seed: cast to an integer; the layer is initialised with PRNGKey(seed) for parameters
            and PRNGKey(seed + 1) for dropout, and applied with the latter.
        x: float[n].
        rate: probability that a unit is dropped.
        deterministic: 0.5 or more evaluates, less trains.

    Returns:
        float[n].

    Raises:
        ValueError: `x` does not have exactly one axis.
    """
    x = jnp.asarray(x)
    if x.ndim != 1:
        raise ValueError(f"x has {x.ndim} axes; give a one-dimensional array")
    whole_seed = int(seed)
    dropout_key = jax.random.PRNGKey(whole_seed + 1)
    layer = MyDropout(rate=float(rate))
    keys = {"params": jax.random.PRNGKey(whole_seed), "dropout": dropout_key}
    variables = layer.init(keys, x, deterministic=False)
    evaluating = float(deterministic) >= _DETERMINISTIC_FROM
    return layer.apply(variables, x, deterministic=evaluating, rngs={"dropout": dropout_key})


def subject() -> Subject:
    """Return MyDropout as a subject."""
    return Subject.linen(MyDropout, name="textbook.MyDropout", derivation="linen")
