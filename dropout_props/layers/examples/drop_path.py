"""DropPath, or stochastic depth: a whole row of the batch is dropped, or scaled by 1/keep.

One Bernoulli trial per row of axis 0 decides for the whole row. Huang et al., "Deep Networks with
Stochastic Depth" (2016), scale in evaluation instead of training; this is the form that is usual
now, in which evaluation is the identity.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from dropout_props.subjects.protocol import Array
from dropout_props.subjects.subject import Subject


class DropPath(nn.Module):
    """Drops each row with probability `rate` and scales the kept rows by 1/(1 - rate).

    Attributes:
        rate: probability that a row is dropped.
    """

    rate: float

    @nn.compact
    def __call__(self, x: Array, *, deterministic: bool = False) -> Array:
        """Return `x` if `deterministic` or at rate 0, else a masked and scaled copy.

        Raises:
            ValueError: the rate is not in [0, 1].
            TypeError: the input has integers or booleans.
        """
        if not 0.0 <= self.rate <= 1.0:
            raise ValueError(f"rate={self.rate!r} is not a probability; give a number from 0 to 1")
        if not jnp.issubdtype(x.dtype, jnp.floating):
            raise TypeError(f"x is of {x.dtype}, which cannot be scaled; give floats")
        if deterministic or self.rate == 0.0:
            return x
        if self.rate == 1.0:  # avoids a gradient of 0 times 1/0, which is NaN
            return jnp.zeros_like(x)
        keep_rate = 1.0 - float(self.rate)  # a rate in bfloat16 would round it
        rows = (x.shape[0],) + (1,) * (x.ndim - 1)
        kept = jax.random.bernoulli(self.make_rng("dropout"), keep_rate, rows)
        return jnp.where(kept, x / keep_rate, 0)


def subject() -> Subject:
    """Return DropPath as a subject."""
    return Subject.linen(
        DropPath, name="examples.DropPath", shares_rest=True, min_rank=1, derivation="linen"
    )
