"""See calls of modules that declare a rate, also those that draw nothing.

Linen modules are intercepted by Flax's own `intercept_methods`. `nnx.Dropout`, NNX attention and
Equinox's `Dropout` are classes whose `__call__` is replaced while recording. A module of the user's
own in NNX or Equinox is seen when it draws.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any

from dropout_props.recording.frameworks import (
    declared_rate,
    declares_rate,
    is_array,
    loaded,
    shared_axes,
)
from dropout_props.recording.patches import Patches
from dropout_props.recording.session import Session
from dropout_props.recording.sites import ModuleCall

CLASSES = (
    ("flax.nnx", "Dropout"),
    ("flax.nnx", "MultiHeadAttention"),
    ("equinox.nn", "Dropout"),
)


def install(session: Session, patches: Patches) -> None:
    """Replace the calls of the classes that are loaded."""
    for cls in _classes():
        patches.attribute(cls, "__call__", _called(session, cls.__call__))


def classes_calls() -> tuple[Any, ...]:
    """List the calls that are replaced while recording."""
    return tuple(cls.__call__ for cls in _classes())


def linen_calls(session: Session) -> AbstractContextManager[Any]:
    """Intercept the calls of Linen modules."""
    try:
        from flax import linen
    except ImportError:
        return nullcontext()

    def intercept(function: Any, args: Any, kwargs: Any, context: Any) -> Any:
        if context.method_name != "__call__" or not declares_rate(context.module):
            return function(*args, **kwargs)
        return _watched(session, context.module, function, args, kwargs)

    interceptor: AbstractContextManager[Any] = linen.intercept_methods(intercept)
    return interceptor


def _classes() -> list[Any]:
    """List the classes that are loaded."""
    found = [getattr(loaded(module), name, None) for module, name in CLASSES if loaded(module)]
    return [cls for cls in found if cls is not None]


def _called(session: Session, original: Any) -> Callable[..., Any]:
    """Wrap the `__call__` of a class."""

    @wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not session.same_thread() or not declares_rate(self):
            return original(self, *args, **kwargs)
        bound = lambda *a, **k: original(self, *a, **k)  # noqa: E731
        return _watched(session, self, bound, args, kwargs)

    return call


def _watched(session: Session, module: Any, function: Any, args: Any, kwargs: Any) -> Any:
    """Run one call, and note whether it drew."""
    first = next((v for v in (*args, *kwargs.values()) if is_array(v)), None)
    facts: dict[str, Any] = {
        "place": session.here().place,
        "module": type(module).__name__,
        "declared_rate": declared_rate(module),
        "input_shape": None if first is None else tuple(first.shape),
        "input_dtype": "" if first is None else str(getattr(first, "dtype", "")),
        "shared_axes": shared_axes(module),
    }
    key = tuple(facts.values())
    call = session.module_calls.get(key)
    if call is None:
        call = session.module_calls[key] = ModuleCall(**facts)
    drawn, missed = session.drawn, session.missed
    session.inside.append(call)
    try:
        return function(*args, **kwargs)
    finally:
        session.inside.pop()
        call.traced += 1
        call.drew += session.drawn > drawn
        call.missed += session.missed > missed
