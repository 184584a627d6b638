"""Runs a function of concrete arrays as one compiled program, which equal functions share.

Called operation by operation, a layer compiles each primitive for each shape, and under `jax.jit`
it compiles again for each rate, which is a constant of its program. Here the function is traced at
every call, with its concrete arguments: all its Python code runs, as in an eager call. Then every
constant of the trace (inputs, keys, `keep`) becomes an argument, and the program is compiled for
the operations that are left: one program for all keys, inputs and rates that lead to the same
operations on the same shapes.

Guarantees: a program is used again only for equal operations with equal parameters; where a
function cannot be traced, has effects, or returns anything but arrays of JAX, it is called eagerly.
Operations are rounded as they are eagerly, to the dtype of each, except where XLA contracts or
reorders arithmetic: values may differ in their last places. A property that compares them allows
for that. A violation that was seen here counts only if it is seen again without this module, in
`eagerly` (see `dropout_props.engine.decide`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np

from dropout_props.subjects.compiled.programs import Planned, forget, run_planned
from dropout_props.subjects.compiled.steps import traced
from dropout_props.subjects.compiled.structure import Identical, flags_of_traces, part

__all__ = ["Repeated", "as_program", "eagerly", "forget", "is_traced", "num_runs", "one_program"]

_runs = 0
_is_eager = False


def num_runs() -> int:
    """Return how many functions `one_program` ran so far in this process."""
    return _runs


@contextmanager
def eagerly() -> Iterator[None]:
    """Call every function as it is while the block runs."""
    global _is_eager  # noqa: PLW0603
    before, _is_eager = _is_eager, True
    try:
        yield
    finally:
        _is_eager = before


def one_program(function: Callable[[], Any], *, split: bool | None = None) -> Any:
    """Return `function()`, an array or a pytree of arrays, from one compiled program.

    Args:
        function: it closes over concrete arrays; it may be called twice.
        split: compile the derivation of keys, each draw of random bits and the rest as programs of
            their own, which other traces of that shape share. By default a function of several
            draws is, because they share one program.

    Raises:
        Exception: the function raised it.
    """
    global _runs  # noqa: PLW0603
    _runs += 1
    return as_program(function, split=split)


def as_program(function: Callable[[], Any], *, split: bool | None = None) -> Any:
    """Do what `one_program` does for one call of a layer, which does not count as a run."""
    if _is_eager or is_traced():
        return function()
    try:
        return run_planned(traced(function), split=split)[0]
    except Exception:  # noqa: BLE001 (whatever it is, an eager call raises the function's own)
        return function()


def is_traced(*values: Any) -> bool:
    """Return whether a value is a tracer, or operations on concrete values are being traced."""
    return any(
        isinstance(leaf, jax.core.Tracer)
        for leaf in [jax.device_put(np.float32(0)), *jax.tree_util.tree_leaves(values)]
    )


class Repeated:
    """Runs functions of arrays that are called many times, and traces each of them twice.

    Where both traces are equal, their constants included, the third call and later ones run what
    was compiled, without a trace. A function whose traces differ, such as one that counts its
    calls or draws on the host, is traced at every call.
    """

    def __init__(self) -> None:
        self._known: dict[Any, _Known] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process starts without what this one has compiled."""
        return Repeated, ()

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return `function(*arguments)` from one compiled program.

        Args:
            function: one of equal code that closes over the same objects is the same function.
            *arguments: arrays; the function may not read their values.

        Raises:
            Exception: the function raised it.
        """
        if _is_eager or is_traced(arguments):
            return function(*arguments)
        key = (_identity(function), flags_of_traces(), *map(_kind, arguments))
        before = self._known.get(key)
        if before is not None and before.is_stable:
            return before.plan.run(arguments)
        try:
            outputs, plan = run_planned(traced(function, *arguments), arguments, split=True)
        except Exception:  # noqa: BLE001 (an eager call raises the function's own)
            return function(*arguments)
        constants = part(plan.trace.values)
        is_stable = (
            before is not None
            and before.plan.is_of_programs(plan)
            and before.constants == constants
        )
        self._known[key] = _Known(plan, constants, is_stable)
        return outputs


@dataclass(frozen=True)
class _Known:
    """A function that was traced."""

    plan: Planned
    constants: Any
    is_stable: bool


def _kind(array: Any) -> tuple[Any, ...]:
    """Return the type of an array and where it is: a program runs on the devices it is for."""
    is_weak, place = bool(getattr(array, "weak_type", False)), getattr(array, "sharding", None)
    return tuple(np.shape(array)), str(array.dtype), is_weak, place


def _identity(function: Any, within: tuple[Any, ...] = ()) -> Any:
    """Return what makes a function the one that it is: its code and the objects that it sees.

    The objects stay alive with it: a variable that a function closes over may be bound again, and
    then another object gets the `id` of the one that died.

    Args:
        function: any callable.
        within: the functions that see it, from the outermost one.
    """
    if any(one is function for one in within):
        return "itself", [one is function for one in within].index(True)
    within = (*within, function)
    if isinstance(function, partial):
        names, values = tuple(function.keywords), function.keywords.values()
        return (
            _identity(function.func, within),
            _seen(function.args, within),
            (names, _seen(values, within)),
        )
    if hasattr(function, "__self__") or not hasattr(function, "__code__"):
        return Identical(function)
    named = function.__kwdefaults__ or {}
    return (
        function.__code__,
        Identical(function.__globals__),
        _seen(map(_content, function.__closure__ or ()), within),
        _seen(function.__defaults__ or (), within),
        (tuple(named), _seen(named.values(), within)),
    )


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # the variable has no value yet
        return Ellipsis


def _seen(values: Iterable[Any], within: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(_seen_one(value, within) for value in values)


def _seen_one(value: Any, within: tuple[Any, ...]) -> Any:
    if isinstance(value, (bool, int, float, str, bytes, type(None))):
        return type(value), repr(value)
    return _identity(value, within) if callable(value) else Identical(value)
