"""GaussianDropout: training multiplies each unit by a normal number of mean 1.

The variance is that of dropout at the same rate, rate/(1 - rate): Srivastava et al., "Dropout: A
Simple Way to Prevent Neural Networks from Overfitting" (2014), section 10.
"""

from __future__ import annotations

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from dropout_props.subjects.protocol import Array
from dropout_props.subjects.subject import Subject


class GaussianDropout(nn.Module):
    """Multiplies each unit by a normal number of mean 1 and variance rate/(1 - rate).

    Attributes:
        rate: rate of the dropout that has the same variance, in [0, 1).
    """

    rate: float

    @nn.compact
    def __call__(self, x: Array, *, deterministic: bool = False) -> Array:
        """Return `x` if `deterministic` or at rate 0, else a noisy copy.

        Raises:
            ValueError: the rate is not in [0, 1).
            TypeError: the input has integers or booleans.
        """
        if not 0.0 <= self.rate < 1.0:
            raise ValueError(f"rate={self.rate!r} is not in [0, 1); give a number below 1")
        if not jnp.issubdtype(x.dtype, jnp.floating):
            raise TypeError(f"x is of {x.dtype}, which cannot hold noise; give floats")
        if deterministic or self.rate == 0.0:
            return x
        stddev = math.sqrt(self.rate / (1.0 - self.rate))
        noise = jax.random.normal(self.make_rng("dropout"), x.shape, x.dtype)
        return x * (1 + stddev * noise)


def spread(reference: Array, rate: float) -> Array:
    """Return the standard deviation of each output."""
    return abs(reference) * math.sqrt(rate / (1.0 - rate))


def subject() -> Subject:
    """Return GaussianDropout as a subject."""
    return Subject.linen(
        GaussianDropout, name="examples.GaussianDropout", law="noise", spread=spread
    )
