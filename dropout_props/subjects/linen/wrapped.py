"""A Linen layer whose calls take further arguments, or return more than the output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn

from dropout_props.subjects.protocol import Array
from dropout_props.subjects.wiring import Wiring

__all__ = ["wrapped"]


class Opaque:
    """Hides the wiring from Linen, which would freeze and hash the arrays in it."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring


class Wrapped(nn.Module):
    """Calls its layer with the further arguments, and returns the output alone."""

    layer: nn.Module
    opaque: Opaque

    def __call__(self, x: Array, **arguments: Any) -> Array:
        """Return the output."""
        wiring = self.opaque.wiring
        return wiring.output_of(self.layer(x, **wiring.extra_arguments(x), **arguments))


def wrapped(factory: Callable[..., nn.Module], wiring: Wiring, **arguments: Any) -> nn.Module:
    """Return a layer that is called on its input alone, and returns its output alone."""
    return Wrapped(layer=factory(**arguments), opaque=Opaque(wiring))
