"""Copies of NNX modules, made of traced arrays."""

from __future__ import annotations

from typing import Any

from dropout_props.recording.frameworks import loaded

BASES = ("Pytree", "Object", "Module", "Variable", "Rngs")
"""Classes of `flax.nnx`, from one release or another, whose objects hold state."""


def is_node(value: Any) -> bool:
    """Say whether this is an object of NNX that holds state.

    Args:
        value: anything.

    Returns:
        Whether it must be copied, and not be traced as it is.
    """
    nnx = loaded("flax.nnx")
    found = [getattr(nnx, name, None) for name in BASES]
    kinds = tuple(kind for kind in found if isinstance(kind, type))
    return isinstance(value, kinds) and not isinstance(value, type)


class NnxCopies:
    """Takes objects apart into what is static and their arrays, and puts copies together.

    Objects that share a part, as a model and its optimizer may, share it in the copies as well.

    Attributes:
        states: the arrays.
    """

    def __init__(self, nodes: list[Any]) -> None:
        self.states: Any = None
        self._static: Any = None
        self._count = len(nodes)
        if nodes:
            self._static, self.states = _nnx().split(_held(nodes))

    def make(self, states: Any) -> list[Any]:
        """Put copies together.

        Args:
            states: arrays, or what stands for them in a trace.

        Returns:
            A copy of each object.
        """
        if not self._count:
            return []
        holder = _nnx().merge(self._static, states)
        return [getattr(holder, f"node{i}") for i in range(self._count)]


def _held(nodes: list[Any]) -> Any:
    """Hold all objects in one."""
    holder = type("Holder", (_nnx().Module,), {})()
    for i, node in enumerate(nodes):
        setattr(holder, f"node{i}", node)
    return holder


def _nnx() -> Any:
    """Get the library, which is there if one of its objects is."""
    return loaded("flax.nnx")
