"""DropPath, or stochastic depth: a whole row of the batch is dropped, or scaled by 1/keep.

One coin a row of axis 0 decides for all of the row. Huang et al., "Deep Networks with Stochastic
Depth" (2016), keep without scaling and scale in evaluation; this is the form in use since, in
which evaluation is the identity.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from dropout_props.subjects.protocol import Array
from dropout_props.subjects.subject import Subject


class DropPath(nn.Module):
    """Drops each row with chance ``rate`` and scales the rows that are kept by 1/(1 - rate).

    Attributes:
        rate: chance that a row is dropped, from 0 to 1.
    """

    rate: float

    @nn.compact
    def __call__(self, x: Array, *, deterministic: bool = False) -> Array:
        """Returns ``x`` when ``deterministic`` or at rate 0, else its masked, scaled copy.

        Raises:
            ValueError: the rate is not a probability.
            TypeError: an input of integers or booleans.
        """
        if not 0.0 <= self.rate <= 1.0:
            raise ValueError(f"rate={self.rate!r} is not a probability; give a number from 0 to 1")
        if not jnp.issubdtype(x.dtype, jnp.floating):
            raise TypeError(f"x is of {x.dtype}, which cannot be scaled; give floats")
        if deterministic or self.rate == 0.0:
            return x
        if self.rate == 1.0:  # without it, 0 times the slope 1/0 makes the gradient NaN
            return jnp.zeros_like(x)
        keep_rate = 1.0 - self.rate
        rows = (x.shape[0],) + (1,) * (x.ndim - 1)
        kept = jax.random.bernoulli(self.make_rng("dropout"), keep_rate, rows)
        return jnp.where(kept, x / keep_rate, 0)


def subject() -> Subject:
    """Returns DropPath as a subject."""
    return Subject.linen(
        DropPath, name="examples.DropPath", shares_rest=True, min_rank=1, derivation="linen"
    )
