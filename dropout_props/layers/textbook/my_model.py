"""MyModel: a Dense layer, then Dropout at rate 0.5, with the mode in the constructor.

The problem function builds the model twice: in evaluation mode, to initialise it with a key of the
parameters only, and in training mode, to apply it with a dropout key.
"""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp

from dropout_props.subjects.protocol import Array
from dropout_props.subjects.subject import Subject

RATE = 0.5
_NUM_NEURONS = 128


class MyModel(nn.Module):
    """Dense, then Dropout at rate 0.5.

    Attributes:
        num_neurons: width of the output.
        training: the mode; True activates dropout.
    """

    num_neurons: int
    training: bool

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Return an array whose last axis has length `num_neurons`."""
        x = nn.Dense(features=self.num_neurons)(x)
        return nn.Dropout(rate=RATE, deterministic=not self.training)(x)


def my_model_problem(seed: int, x: Array, dropout_seed: int, num_neurons: int) -> Array:
    """Initialise MyModel in evaluation mode and apply it in training mode.

    Args:
        seed: seed of the key of the parameters, the only key that init gets.
        x: float[..., n], one axis or more.
        dropout_seed: seed of the dropout key.
        num_neurons: width of the output.

    Returns:
        float[..., num_neurons].
    """
    x = jnp.asarray(x)
    variables = MyModel(num_neurons=num_neurons, training=False).init(
        jax.random.PRNGKey(int(seed)), x
    )
    model = MyModel(num_neurons=num_neurons, training=True)
    return model.apply(variables, x, rngs={"dropout": jax.random.PRNGKey(int(dropout_seed))})


def _build(*, training: bool) -> MyModel:
    return MyModel(num_neurons=_NUM_NEURONS, training=training)


def subject() -> Subject:
    """Return MyModel, 128 neurons wide, as a subject."""
    return Subject.linen(
        _build,
        name="textbook.MyModel",
        source=f"{__name__}:MyModel",
        rate=RATE,
        reference="eval",
        min_rank=1,
        max_rank=1,  # a row has 128 units; more rows would add only compilations
        dtypes=("float32",),
        nonfinite=False,
        empty=False,
        reasons={"nonfinite": "its Dense layer spreads one NaN over every unit"},
    )
