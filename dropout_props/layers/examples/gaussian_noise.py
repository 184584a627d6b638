"""GaussianNoise: training adds a normal number to each unit."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from dropout_props.subjects.protocol import Array
from dropout_props.subjects.subject import Subject


class GaussianNoise(nn.Module):
    """Adds a normal number of mean 0 to each unit.

    Attributes:
        stddev: standard deviation of the noise.
    """

    stddev: float

    @nn.compact
    def __call__(self, x: Array, *, deterministic: bool = False) -> Array:
        """Return `x` if `deterministic` or at standard deviation 0, else `x` plus noise.

        Raises:
            TypeError: the input has integers or booleans.
        """
        if not jnp.issubdtype(x.dtype, jnp.floating):
            raise TypeError(f"x is of {x.dtype}, which cannot hold noise; give floats")
        if deterministic or self.stddev == 0.0:
            return x
        return x + self.stddev * jax.random.normal(self.make_rng("dropout"), x.shape, x.dtype)


def spread(_reference: Array, rate: float) -> float:
    """Return the standard deviation of each output."""
    return rate


def subject() -> Subject:
    """Return GaussianNoise as a subject; the rate of a case is its standard deviation."""
    return Subject.linen(
        GaussianNoise,
        name="examples.GaussianNoise",
        law="noise",
        rate_parameter="stddev",
        spread=spread,
    )
