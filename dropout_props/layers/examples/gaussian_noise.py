"""GaussianNoise: in training, a normal number is added to each unit."""

from __future__ import annotations

import flax.linen as nn
import jax

from dropout_props.subjects.protocol import Array
from dropout_props.subjects.subject import Subject


class GaussianNoise(nn.Module):
    """Adds a normal number of mean 0 to each unit.

    Attributes:
        stddev: standard deviation of what is added.
    """

    stddev: float

    @nn.compact
    def __call__(self, x: Array, *, deterministic: bool = False) -> Array:
        """Returns ``x`` when ``deterministic`` or at deviation 0, else ``x`` and its noise."""
        if deterministic or self.stddev == 0.0:
            return x
        return x + self.stddev * jax.random.normal(self.make_rng("dropout"), x.shape, x.dtype)


def subject() -> Subject:
    """Returns GaussianNoise as a subject: its deviation is what a property calls the rate."""
    return Subject.linen(
        GaussianNoise, name="examples.GaussianNoise", law="noise", rate_parameter="stddev"
    )
