"""Tell draws in rules of `jax.custom_vjp` and `jax.custom_jvp` where they are.

JAX traces such a rule when it differentiates, long after the function was called: the loop around
the call is not being traced any more, and no module is running. So a call gets the indices of its
loops as operands, which reach the rule with the arguments, and the rule remembers who called it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import jax

from dropout_props.recording.bodies import named
from dropout_props.recording.patches import Patches
from dropout_props.recording.places import here
from dropout_props.recording.session import Session

OWN = ("jax.", "jax", "optax")
"""Modules whose rules draw nothing."""


def install(session: Session, patches: Patches) -> None:
    """Wrap the calls of both kinds.

    Args:
        session: the record.
        patches: where the replaced functions are noted.
    """
    for kind, carrier in ((jax.custom_vjp, _vjp), (jax.custom_jvp, _jvp)):
        patches.attribute(kind, "__call__", _wrapped(session, kind.__call__, carrier))


def _wrapped(
    session: Session, original: Any, carrier: Callable[[Session, Any, int], Any]
) -> Callable[..., Any]:
    """Wrap the call of one kind."""

    @wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        module = getattr(self.fun, "__module__", None) or ""
        if module.startswith(OWN) or session.busy or not session.same_thread():
            return original(self, *args, **kwargs)
        try:
            bound = inspect.signature(self.fun).bind(*args, **kwargs)
            bound.apply_defaults()
            if bound.kwargs:
                return original(self, *args, **kwargs)
            given, extra = bound.args, [value for _, value in session.enclosing]
            return original(carrier(session, self, len(given)), *given, *extra)
        except Exception as error:  # noqa: BLE001 - an error of the user's own comes again below
            seen = original(self, *args, **kwargs)
            session.note(
                "rule",
                f"draws in the rules of {getattr(self, '__name__', 'a custom derivative')} do not"
                f" know the loops around them ({type(error).__name__}: {error}): a mask that is"
                " shared by several iterations may be recorded once.",
                place=here().place,
            )
            return seen

    return call


def _vjp(session: Session, old: Any, count: int) -> Any:
    """Make the same function with more arguments, of which the rules take the indices."""
    inside = _inside(session)
    more = len(session.enclosing)

    def fun(*args: Any) -> Any:
        with inside(args[count:]):
            return old.fun(*args[:count])

    def fwd(*args: Any) -> Any:
        extra = tuple(getattr(a, "value", a) if old.symbolic_zeros else a for a in args[count:])
        with inside(extra):
            out, kept = old.fwd(*args[:count])
        return out, (kept, extra)

    def bwd(*args: Any) -> Any:
        *static, (kept, extra), cotangent = args
        with inside(extra):
            return (*old.bwd(*static, kept, cotangent), *(None for _ in range(more)))

    new = jax.custom_vjp(named(fun, old.fun), nondiff_argnums=old.nondiff_argnums)
    options = {
        name: True for name in ("symbolic_zeros", "optimize_remat") if getattr(old, name, False)
    }
    new.defvjp(fwd, bwd, **options)
    return new


def _jvp(session: Session, old: Any, count: int) -> Any:
    """Make the same function with more arguments, of which the rule takes the indices."""
    inside = _inside(session)
    more = len(session.enclosing)

    def fun(*args: Any) -> Any:
        with inside(args[count:]):
            return old.fun(*args[:count])

    def jvp(*args: Any) -> Any:
        *static, primals, tangents = args
        n = len(primals) - more
        with inside(primals[n:]):
            return old.jvp(*static, primals[:n], tangents[:n])

    new = jax.custom_jvp(named(fun, old.fun), nondiff_argnums=old.nondiff_argnums)
    new.defjvp(jvp, symbolic_zeros=bool(getattr(old, "symbolic_zeros", False)))
    return new


def _inside(session: Session) -> Callable[[Any], Any]:
    """Remember where a call is; give a context for each part of it, given its indices."""
    slots = [slot for slot, _ in session.enclosing]
    caller = here()
    return lambda values: session.within_rule(caller, list(zip(slots, values, strict=True)))
