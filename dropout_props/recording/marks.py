"""Rewrite the probes inside of a traced program: only what is static about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from dropout_props.recording.internals import JAXPRS, remat_region
from dropout_props.recording.probe import probe_p
from dropout_props.recording.slots import Meta

_HELD: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()


def holds_probes(jaxpr: Any) -> bool:
    """Say whether a traced program, or one inside of it, holds a probe."""
    known = _HELD.get(jaxpr)
    if known is None:
        known = any(
            equation.primitive is probe_p or any(holds_probes(j) for j in _inner(equation.params))
            for equation in _open(jaxpr).eqns
        )
        _HELD[jaxpr] = known
    return known


def marked(jaxpr: Any, mark: Callable[[Meta], Meta]) -> Any:
    """Copy a traced program with other descriptions on its probes.

    Args:
        jaxpr: the program.
        mark: gives the new description of a probe.

    Returns:
        The copy; the program itself if it holds no probe.
    """
    if not holds_probes(jaxpr):
        return jaxpr
    opened = _open(jaxpr)
    equations = [_equation(equation, mark) for equation in opened.eqns]
    copy = opened.replace(eqns=equations)
    return copy if opened is jaxpr else jaxpr.replace(jaxpr=copy)


def _equation(equation: Any, mark: Callable[[Meta], Meta]) -> Any:
    """Copy one equation."""
    if equation.primitive is probe_p:
        return equation.replace(params={"meta": mark(equation.params["meta"])})
    if not any(holds_probes(jaxpr) for jaxpr in _inner(equation.params)):
        return equation
    params = {name: _value(value, mark) for name, value in equation.params.items()}
    return equation.replace(params=params)


def _value(value: Any, mark: Callable[[Meta], Meta]) -> Any:
    """Copy one parameter of an equation."""
    if _is_jaxpr(value):
        return marked(value, mark)
    if _holds_region(value):
        return type(value)(marked(value.jaxpr, mark), value.policy, value.prevent_cse)
    if isinstance(value, tuple | list) and any(_is_jaxpr(item) for item in value):
        return type(value)(_value(item, mark) for item in value)
    return value


def _inner(params: dict[str, Any]) -> list[Any]:
    """List the programs among the parameters of an equation."""
    found: list[Any] = []
    for value in params.values():
        items = value if isinstance(value, tuple | list) else (value,)
        found += [item for item in items if _is_jaxpr(item)]
        found += [item.jaxpr for item in items if _holds_region(item)]
    return found


def _holds_region(value: Any) -> bool:
    """Say whether this is a region of `jax.checkpoint` in the form that `jax_remat3` gives it."""
    return remat_region is not None and isinstance(value, remat_region)


def _is_jaxpr(value: Any) -> bool:
    """Say whether this is a traced program, with constants or without."""
    return isinstance(value, JAXPRS)


def _open(jaxpr: Any) -> Any:
    """Take the constants off a traced program, where they are apart."""
    return jaxpr.jaxpr if hasattr(jaxpr, "jaxpr") else jaxpr
