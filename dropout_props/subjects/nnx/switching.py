"""Flags of an NNX layer that `eval()` does not set, read off the layer that an evaluation used.

`nnx.Module.eval` sets the attributes `deterministic` and `use_running_average` and no others: see
`SET_BY_EVAL`. A layer that reads another flag stays in training mode.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flax import nnx

from dropout_props.subjects.nnx.adapter import NNXAdapter

if TYPE_CHECKING:
    from dropout_props.subjects.protocol import Adapter

__all__ = ["SET_BY_EVAL", "Flag", "Watched", "flipped", "watched"]

SET_BY_EVAL = ("deterministic", "use_running_average")
"""Attributes that `nnx.Module.eval` sets, in every release that the package runs on."""


@dataclass(frozen=True)
class Flag:
    """A boolean attribute with one value in all modules of a layer that have it.

    Attributes:
        name: of the attribute.
        owner: name of the class that has it; the first of several.
        value: its value.
    """

    name: str
    owner: str
    value: bool


class Watched:
    """An adapter that keeps the last module which it built.

    Attributes:
        adapter: runs the layer as the adapter that is watched does.
    """

    def __init__(self, adapter: NNXAdapter) -> None:
        self._module: nnx.Module | None = None
        self.adapter = _with_factory(adapter, self._keep)

    def _keep(self, module: nnx.Module) -> None:
        self._module = module

    def flags(self) -> tuple[Flag, ...]:
        """Return the flags that the last module has now, but for those that `eval()` sets."""
        found: dict[str, list[Flag]] = {}
        for module in [] if self._module is None else _modules(self._module):
            for name, value in vars(module).items():
                if isinstance(value, bool) and name not in SET_BY_EVAL:
                    flag = Flag(name, type(module).__name__, value)
                    found.setdefault(name, []).append(flag)
        return tuple(
            flags[0]
            for flags in found.values()
            if all(one.value == flags[0].value for one in flags)
        )


def watched(adapter: Adapter) -> Watched | None:
    """Return the adapter, watched; None if evaluation is not set by `eval()`."""
    if not isinstance(adapter, NNXAdapter) or adapter.wiring.mode_place != "method":
        return None
    return Watched(adapter)


def flipped(adapter: Adapter, flag: Flag) -> NNXAdapter:
    """Return an adapter whose layers have the other value of a flag, in every module."""
    assert isinstance(adapter, NNXAdapter)

    def flip(module: nnx.Module) -> None:
        for one in _modules(module):
            if isinstance(vars(one).get(flag.name), bool):
                setattr(one, flag.name, not flag.value)

    return _with_factory(adapter, flip)


def _modules(module: nnx.Module) -> list[nnx.Module]:
    """Return a module and all below it."""
    walk: Any = getattr(nnx, "iter_modules", nnx.Module.iter_modules)  # a method before 0.12
    return [one for _, one in walk(module)]


def _with_factory(adapter: NNXAdapter, then: Callable[[nnx.Module], None]) -> NNXAdapter:
    """Return an adapter that does something with each module that it builds."""

    def factory(**arguments: Any) -> nnx.Module:
        module = adapter.factory(**arguments)
        then(module)
        return module

    return replace(adapter, factory=factory, weights={})
