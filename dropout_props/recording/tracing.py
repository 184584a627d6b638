"""A map of all draws without running anything: trace a function, and list its sites.

The function is traced for shapes alone, as `jax.eval_shape` does. Nothing is compiled, no draw is
made, and modules of NNX that are passed to it stay as they are: it gets copies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np

from dropout_props.recording.errors import RecordingError
from dropout_props.recording.nnx_copies import NnxCopies, is_node
from dropout_props.recording.notes import Note
from dropout_props.recording.recorder import recording
from dropout_props.recording.sites import ModuleCall, Place, Site

_NOT_TRACED = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
)


@dataclass(frozen=True, slots=True)
class SiteRow:
    """One line of the map.

    Attributes:
        place: where it is: path, file and line.
        sampler: the function of `jax.random`; empty for a module that did not draw.
        declared_rate: the rate that the module declares; None if it declares none.
        active: whether it draws.
        shared_axes: axes along which the module declares one mask.
        shape: the shape of one draw, or of the input of a module that did not draw; None if
            neither is known.
    """

    place: Place
    sampler: str
    declared_rate: float | None
    active: bool
    shared_axes: tuple[int, ...]
    shape: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class TracedSites:
    """What a function would draw.

    Attributes:
        sites: every site that draws.
        module_calls: calls of modules that declare a rate, whether or not they draw.
        notes: what the trace cannot see.
    """

    sites: tuple[Site, ...]
    module_calls: tuple[ModuleCall, ...]
    notes: tuple[Note, ...]

    @property
    def rows(self) -> tuple[SiteRow, ...]:
        """Every site, and every module that declares a rate and does not draw.

        Those of phase `init`, which make parameters, are in `sites` alone.
        """
        active = [
            SiteRow(s.place, s.sampler, s.declared_rate, True, s.shared_axes, s.shape)  # noqa: FBT003
            for s in self.sites
            if s.phase == "run"
        ]
        inactive = [
            SiteRow(c.place, "", c.declared_rate, False, c.shared_axes, c.input_shape)  # noqa: FBT003
            for c in self.module_calls
            if not c.active and c.place.phase == "run"
        ]
        return (*active, *inactive)


def trace_sites(function: Callable[..., Any], *args: Any, **kwargs: Any) -> TracedSites:
    """List what a function draws, without running it.

    Args:
        function: a step, a Linen `apply`, an NNX module, one of its methods, or any function. It
            may be compiled by `jax.jit` or `nnx.jit`.
        *args: its arguments. Arrays and `jax.ShapeDtypeStruct` are traced, numbers, strings and
            booleans are passed as they are, modules of NNX are copied.
        **kwargs: further arguments, in the same way.

    Returns:
        The sites, and the calls of modules that declare a rate.

    Raises:
        RecordingError: the function cannot be traced, or a record is open.
    """
    while isinstance(function, partial):
        args = (*function.args, *args)
        kwargs = {**function.keywords, **kwargs}
        function = function.func
    owner = function if is_node(function) else getattr(function, "__self__", None)
    if is_node(owner):
        name = "__call__" if owner is function else function.__name__
        function, args = getattr(type(owner), name), (owner, *args)
    leaves, tree = jax.tree.flatten((args, kwargs), is_leaf=is_node)
    copies = NnxCopies([leaf for leaf in leaves if is_node(leaf)])
    arrays = [leaf for leaf in leaves if _is_array(leaf)]

    def run(states: Any, traced: list[Any]) -> None:
        nodes, rest = iter(copies.make(states)), iter(traced)
        filled = [
            next(nodes) if is_node(leaf) else next(rest) if _is_array(leaf) else leaf
            for leaf in leaves
        ]
        given, named = jax.tree.unflatten(tree, filled)
        function(*given, **named)

    with recording() as record:
        try:
            jax.eval_shape(run, copies.states, arrays)
        except Exception as error:
            remedy = _remedy(error)
            if remedy is None:
                raise
            name = getattr(function, "__name__", str(function))
            raise RecordingError(f"{name} {remedy}") from error
    return TracedSites(record.sites, record.module_calls, record.notes)


def _remedy(error: Exception) -> str | None:
    """Say what to do about a function that cannot be traced; None if the error is its own."""
    if isinstance(error, _NOT_TRACED):
        return (
            f"needs the value of an array while it is traced ({type(error).__name__}): trace the"
            " step that jax.jit compiles, not the loop around it, or record a run."
        )
    if type(error).__name__ in {"TraceContextError", "JaxTransformError"}:
        return (
            "changes an NNX module that it was not given: pass the module as an argument,"
            " trace_sites(step, model, batch)."
        )
    return None


def _is_array(leaf: Any) -> bool:
    """Say whether this is traced."""
    return isinstance(leaf, jax.Array | np.ndarray | np.generic | jax.ShapeDtypeStruct)
