"""Linen models that an operation applies: one layer called often, or several layers by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flax.linen as nn

from dropout_props.subjects.naming import Tree
from dropout_props.subjects.protocol import Array

__all__ = ["Block", "Moded", "Neighbour", "Plan", "Repeated"]


class Repeated(nn.Module):
    """One layer that is called several times."""

    layer: nn.Module
    times: int

    @nn.compact
    def __call__(self, x: Array, **arguments: Any) -> tuple[Array, ...]:
        """Return one output per call."""
        return tuple(self.layer(x, **arguments) for _ in range(self.times))


class Moded(nn.Module):
    """One layer that is called once per mode."""

    layer: nn.Module
    modes: tuple[dict[str, Any], ...]  # the argument that sets the mode of each call

    @nn.compact
    def __call__(self, x: Array, **_: Any) -> tuple[Array, ...]:
        """Return one output per mode."""
        return tuple(self.layer(x, **mode) for mode in self.modes)


class Plan:
    """Layers and their names. It is not a dataclass, so that Linen leaves the layers unbound."""

    def __init__(self, tree: Tree, layers: Sequence[nn.Module]) -> None:
        self.tree = tree
        self.layers = layers


class Block(nn.Module):
    """Layers and blocks under given names, all called on one input."""

    plan: Plan
    times: int = 1

    @nn.compact
    def __call__(self, x: Array, **arguments: Any) -> dict[int, tuple[Array, ...]]:
        """Return the outputs of each layer by its position in the plan."""
        outputs: dict[int, tuple[Array, ...]] = {}
        for name, below in self.plan.tree.items():
            if isinstance(below, int):
                layer = self.plan.layers[below].clone(parent=self, name=name)
                outputs[below] = tuple(layer(x, **arguments) for _ in range(self.times))
            else:
                plan = Plan(below, self.plan.layers)
                block = Block(plan=plan, times=self.times, name=name)
                outputs.update(block(x, **arguments))
        return outputs


class Neighbour(nn.Module):
    """A parameter that is initialised after the layers of a plan have been called."""

    plan: Plan
    inlined: bool = False  # the layers run in the scope of this module

    @nn.compact
    def __call__(self, x: Array, **arguments: Any) -> None:
        """Initialise the parameter `weight`, of the shape and dtype of `x`."""
        for layer in self.plan.layers:
            layer.clone(parent=self.scope if self.inlined else self)(x, **arguments)
        self.param("weight", nn.initializers.normal(), x.shape, x.dtype)
