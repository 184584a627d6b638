"""DropoutMLPScratch: two hidden layers, each followed by dropout_layer without a key.

As published, the model takes no key for its dropout: it always draws from the default key of
`dropout_layer`, so every training output has the same masks.
"""

from __future__ import annotations

import flax.linen as nn

from dropout_props.layers.d2l.dropout_layer import dropout_layer
from dropout_props.layers.d2l.mlp_traits import TRAITS
from dropout_props.subjects.protocol import Array
from dropout_props.subjects.subject import Subject


class DropoutMLPScratch(nn.Module):
    """Two hidden layers with ReLU and dropout_layer, then a linear output.

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
        if self.training:
            x = dropout_layer(x, self.dropout_1)
        x = nn.relu(nn.Dense(self.num_hiddens_2)(x))
        if self.training:
            x = dropout_layer(x, self.dropout_2)
        return nn.Dense(self.num_outputs)(x)


def _build(*, rate: float, training: bool) -> DropoutMLPScratch:
    return DropoutMLPScratch(dropout_1=rate, dropout_2=rate, training=training)


def subject() -> Subject:
    """Return DropoutMLPScratch as a subject, with one rate for both dropouts."""
    return Subject.linen(
        _build, name="d2l.DropoutMLPScratch", source=f"{__name__}:DropoutMLPScratch", **TRAITS
    )
