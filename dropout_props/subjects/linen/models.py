"""Linen models that hold the layers of one question: one layer often, or several by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flax.linen as nn

from dropout_props.subjects.naming import Tree
from dropout_props.subjects.protocol import Array

__all__ = ["Block", "InModes", "Neighbour", "Plan", "Repeat"]


class Repeat(nn.Module):
    """One layer, called several times."""

    layer: nn.Module
    times: int

    @nn.compact
    def __call__(self, x: Array, **arguments: Any) -> tuple[Array, ...]:
        """Returns one output a call."""
        return tuple(self.layer(x, **arguments) for _ in range(self.times))


class InModes(nn.Module):
    """One layer, called once a mode."""

    layer: nn.Module
    modes: tuple[dict[str, Any], ...]  # the mode as an argument of each call

    @nn.compact
    def __call__(self, x: Array, **_: Any) -> tuple[Array, ...]:
        """Returns one output a mode."""
        return tuple(self.layer(x, **mode) for mode in self.modes)


class Plan:
    """Layers and where they stand; no dataclass, so that Linen leaves the layers unbound."""

    def __init__(self, tree: Tree, layers: Sequence[nn.Module]) -> None:
        self.tree = tree
        self.layers = layers


class Block(nn.Module):
    """Layers and blocks under given names, all called on one input."""

    plan: Plan
    times: int = 1

    @nn.compact
    def __call__(self, x: Array, **arguments: Any) -> dict[int, tuple[Array, ...]]:
        """Returns the outputs of each layer by its position."""
        answers: dict[int, tuple[Array, ...]] = {}
        for name, below in self.plan.tree.items():
            if isinstance(below, int):
                layer = self.plan.layers[below].clone(parent=self, name=name)
                answers[below] = tuple(layer(x, **arguments) for _ in range(self.times))
            else:
                plan = Plan(below, self.plan.layers)
                block = Block(plan=plan, times=self.times, name=name)
                answers.update(block(x, **arguments))
        return answers


class Neighbour(nn.Module):
    """A parameter that is initialised after the layers of a plan were called."""

    plan: Plan
    inlined: bool = False  # the layers stand in the scope of this module itself

    @nn.compact
    def __call__(self, x: Array, **arguments: Any) -> None:
        """Initialises the parameter ``weight``, of the shape and dtype of ``x``."""
        for layer in self.plan.layers:
            layer.clone(parent=self.scope if self.inlined else self)(x, **arguments)
        self.param("weight", nn.initializers.normal(), x.shape, x.dtype)
