"""Find the place of a draw: walk the Python stack while the program is traced."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

from dropout_props.recording.frameworks import base_of, is_library, is_wrapper, loaded, own_name
from dropout_props.recording.methods import first_argument, is_method
from dropout_props.recording.sites import Place

MAKES_PARAMETERS = ("/flax/core/scope.py", "/flax/nnx/nn/initializers.py")
LINEN_WRAPPER = "_call_wrapped_method"
"""The method of Linen modules that calls the user's own."""
RECORDER = str(Path(__file__).parent)
"""The folder whose wrappers pass calls of the user's methods on."""
RULE = "bwd"
"""The function of `rules.py` that calls the backward pass of the user."""
BACKWARD = "_flatten_bwd"
"""The function of JAX that runs the backward pass of a `jax.custom_vjp`."""


@dataclass(frozen=True, slots=True)
class Here:
    """A place, its modules, and what the method of the innermost one was called with.

    Attributes:
        place: the place.
        module: the innermost module; None outside of modules.
        arguments: the arguments of its method by name, as they are now; empty outside of modules.
        root: the outermost module; None outside of modules.
    """

    place: Place
    module: Any
    arguments: dict[str, Any]
    root: Any


def frames() -> Iterator[FrameType]:
    """Walk outwards from the caller's caller."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 - inspect.stack reads files
    while frame is not None:
        yield frame
        frame = frame.f_back


def here() -> Here:
    """Find the place that the program is at."""
    stack = list(frames())
    own = next((f for f in stack if not is_library(f.f_code.co_filename)), stack[-1])
    chain = _linen_chain()
    api = "linen"
    names: tuple[str, ...] = ()
    if chain:
        names = _linen_path(chain)
    else:
        chain = _object_chain(stack)
        api = base_of(chain[-1]) if chain else "function"
        names = _object_path(chain)
    place = Place(
        path=names,
        file=own.f_code.co_filename,
        line=own.f_lineno,
        function=own.f_code.co_qualname if sys.version_info >= (3, 11) else own.f_code.co_name,
        api=api,
        phase=_phase(stack, chain),
    )
    if not chain:
        return Here(place, None, {}, None)
    return Here(place, chain[-1], _arguments(stack, chain[-1]), chain[0])


def _arguments(stack: list[FrameType], module: Any) -> dict[str, Any]:
    """Read the arguments of the outermost method of a module that is running inside of others."""
    found: dict[str, Any] = {}
    for frame in stack:
        code = frame.f_code
        if code.co_name == LINEN_WRAPPER or code.co_filename.startswith(RECORDER):
            continue
        if first_argument(frame) is module and is_method(frame, module):
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            found = {name: frame.f_locals[name] for name in names[1:] if name in frame.f_locals}
    return found


def _linen_chain() -> list[Any]:
    """List the Linen modules whose methods are running, outermost first."""
    linen = loaded("flax.linen.module")
    if linen is None:
        return []
    return [module for module in linen._context.module_stack if module is not None]  # noqa: SLF001


def _linen_path(chain: list[Any]) -> tuple[str, ...]:
    """Name a Linen module as its scope does, below the class of its root."""
    scope = getattr(chain[-1], "scope", None)
    below = tuple(getattr(scope, "path", ()) or ())
    return (type(chain[0]).__name__, *(str(name) for name in below))


def _object_chain(stack: list[FrameType]) -> list[Any]:
    """List the modules of other frameworks whose methods are running, outermost first."""
    found: list[Any] = []
    for frame in reversed(stack):
        value = first_argument(frame)
        if not base_of(value) or is_wrapper(value) or (found and value is found[-1]):
            continue
        if is_method(frame, value):
            found.append(value)
    return found


def _object_path(chain: list[Any]) -> tuple[str, ...]:
    """Name each module by the attribute of the one around it that holds it."""
    if not chain:
        return ()
    names = [type(chain[0]).__name__]
    for outer, inner in pairwise(chain):
        names.append(_attribute(outer, inner) or own_name(inner) or type(inner).__name__)
    return tuple(names)


def _attribute(outer: Any, inner: Any) -> str:
    """Find the attribute that holds a module; one of its type if it was rebuilt for a transform."""
    fields = getattr(outer, "__dict__", {})
    held = [(name, value) for key, value in fields.items() for name, value in _leaves(key, value)]
    for name, value in held:
        if value is inner:
            return name
    alike = [name for name, value in held if type(value) is type(inner)]
    return alike[0] if len(alike) == 1 else ""


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Name what lists and dicts hold."""
    if isinstance(value, list | tuple) or type(value).__name__ == "List":
        yield from ((f"{name}[{i}]", item) for i, item in enumerate(value))
    elif isinstance(value, dict):
        yield from ((f"{name}[{key!r}]", item) for key, item in value.items())
    else:
        yield name, value


def _phase(stack: list[FrameType], chain: list[Any]) -> str:
    """Name the phase; see `Place`."""
    if _initialising(stack, chain):
        return "init"
    return "backward" if any(_runs_backward(frame) for frame in stack) else "run"


def _runs_backward(frame: FrameType) -> bool:
    """Say whether this is JAX's function of a backward pass, or the recorder's around the user's.

    JAX's is a generator in 0.4.30, which is not on the stack while the rule runs.
    """
    code = frame.f_code
    return code.co_name == BACKWARD or (
        code.co_name == RULE and code.co_filename.startswith(RECORDER)
    )


def _initialising(stack: list[FrameType], chain: list[Any]) -> bool:
    """Say whether parameters are being made."""
    if chain:
        flag = getattr(chain[-1], "is_initializing", None)
        scope = getattr(chain[-1], "scope", None)
        if flag is not None and scope is not None and flag():
            return True
    for frame in stack:
        code = frame.f_code
        if code.co_name == "param" and code.co_filename.endswith(MAKES_PARAMETERS[0]):
            return True
        if code.co_name == "__init__" and code.co_varnames:
            value = frame.f_locals.get(code.co_varnames[0])
            if value is not None and base_of(value):
                return True
        if code.co_name == "init_fn" and "/haiku/" in code.co_filename:
            return True
    return False
