"""DropoutMLP: two hidden layers, each followed by `nn.Dropout`."""

from __future__ import annotations

import flax.linen as nn

from dropout_props.layers.d2l.mlp_traits import TRAITS
from dropout_props.subjects.protocol import Array
from dropout_props.subjects.subject import Subject


class DropoutMLP(nn.Module):
    """Two hidden layers with ReLU and nn.Dropout, then a linear output.

    Attributes:
        num_outputs: width of the output.
        num_hiddens_1: width of the first hidden layer.
        num_hiddens_2: width of the second.
        dropout_1: rate after the first hidden layer.
        dropout_2: rate after the second.
        training: the mode; True activates dropout.
    """

    num_outputs: int = 10
    num_hiddens_1: int = 256
    num_hiddens_2: int = 256
    dropout_1: float = 0.5
    dropout_2: float = 0.5
    training: bool = True

    @nn.compact
    def __call__(self, x: Array) -> Array:
        """Map float32[batch, ...] to float32[batch, num_outputs]."""
        x = x.reshape(x.shape[0], -1)
        x = nn.relu(nn.Dense(self.num_hiddens_1)(x))
        x = nn.Dropout(self.dropout_1, deterministic=not self.training)(x)
        x = nn.relu(nn.Dense(self.num_hiddens_2)(x))
        x = nn.Dropout(self.dropout_2, deterministic=not self.training)(x)
        return nn.Dense(self.num_outputs)(x)


def _build(*, rate: float, training: bool) -> DropoutMLP:
    return DropoutMLP(dropout_1=rate, dropout_2=rate, training=training)


def subject() -> Subject:
    """Return DropoutMLP as a subject, with one rate for both dropouts."""
    return Subject.linen(_build, name="d2l.DropoutMLP", source=f"{__name__}:DropoutMLP", **TRAITS)
