"""DropoutModel: a Dense layer of the input's width, then Dropout.

The reference is its evaluation output: the output of the Dense layer, without dropout.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from dropout_props.subjects.protocol import Array
from dropout_props.subjects.subject import Subject


class DropoutModel(nn.Module):
    """Dense to the last dimension of the input, then Dropout.

    Attributes:
        drop_rate: probability that a unit is dropped.
    """

    drop_rate: float

    @nn.compact
    def __call__(self, x: Array, *, deterministic: bool = False) -> Array:
        """Return an array of the shape of `x`."""
        x = nn.Dense(features=x.shape[-1])(x)
        return nn.Dropout(rate=self.drop_rate)(x, deterministic=deterministic)


def dropout_model_problem(
    seed: int,
    x: Array,
    dropout_seed: int,
    drop_rate: float,
    deterministic: bool,  # noqa: FBT001 - the published signature
) -> Array:
    """Initialise DropoutModel in training mode and apply it in the given mode.

    Args:
        seed: seed of the key of the parameters.
        x: float[..., n], one axis or more.
        dropout_seed: seed of the dropout key, for init and apply.
        drop_rate: probability that a unit is dropped.
        deterministic: True evaluates, False trains.

    Returns:
        float[..., n].
    """
    x = jnp.asarray(x)
    model = DropoutModel(drop_rate=float(drop_rate))
    dropout_key = jax.random.PRNGKey(int(dropout_seed))
    keys = {"params": jax.random.PRNGKey(int(seed)), "dropout": dropout_key}
    variables = model.init(keys, x, deterministic=False)
    return model.apply(
        variables, x, deterministic=bool(deterministic), rngs={"dropout": dropout_key}
    )


def subject() -> Subject:
    """Return DropoutModel as a subject."""
    return Subject.linen(
        DropoutModel,
        name="textbook.DropoutModel",
        reference="eval",
        min_rank=1,
        dtypes=("float32",),
        nonfinite=False,
        empty=False,
        reasons={"nonfinite": "its Dense layer spreads one NaN over every unit"},
    )
