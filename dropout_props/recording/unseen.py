"""Notice what a record cannot see: programs compiled elsewhere, kernels, bits from other sources.

None of it is stopped. Each gets a note, so that a record with draws missing says so.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from types import FrameType
from typing import Any

import jax

from dropout_props.recording.frameworks import loaded
from dropout_props.recording.internals import bit_primitives
from dropout_props.recording.patches import Patches
from dropout_props.recording.places import here
from dropout_props.recording.session import Session

STAGES = (("Traced", "lower"), ("Lowered", "compile"), ("Compiled", "__call__"))
"""What `jit(f).trace(...).lower().compile()` makes, and the step that leads on from each."""

KERNELS = (
    ("jax._src.pallas.pallas_call", "pallas_call_p"),
    ("jax._src.pallas.core", "core_map_p"),
    ("jax._src.ffi", "ffi_call_p"),
)
RAW = frozenset({"rng_bit_generator", "rng_uniform", "threefry_2x32"})
"""Functions of JAX that make bits without a key of `jax.random`."""

BITS = ("jax._src.prng", "jax._src.random", "jax._src.lax", "jax.random")
"""Modules of JAX in which such functions are; others only pass the call on."""


def install(session: Session, patches: Patches) -> None:
    """Watch for each.

    Args:
        session: the record, which takes the notes.
        patches: where the replaced functions are noted.
    """
    _stages(session, patches)
    exported = loaded("jax._src.export._export")
    if exported is not None:
        call = exported.Exported.call
        patches.attribute(exported.Exported, "call", _noting(session, call, _program))
    for module, name in KERNELS:
        primitive = getattr(loaded(module), name, None)
        if primitive is not None:
            patches.attribute(primitive, "bind", _noting(session, primitive.bind, _kernel))
    for primitive in bit_primitives():
        patches.attribute(primitive, "bind", _noting(session, primitive.bind, _raw))


def _stages(session: Session, patches: Patches) -> None:
    """Watch the steps from a trace to a call: each object must have been made in this record.

    What is made from an object of before holds no probes either, so that each call of it is noted,
    with its step.
    """
    made: dict[int, Any] = {}

    def created(original: Any) -> Callable[..., None]:
        @wraps(original)
        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            made[id(self)] = self

        return init

    def used(original: Any) -> Callable[..., Any]:
        @wraps(original)
        def use(self: Any, *args: Any, **kwargs: Any) -> Any:
            if id(self) in made:
                return original(self, *args, **kwargs)
            _program(session, now=True)
            result = original(self, *args, **kwargs)
            made.pop(id(result), None)
            return result

        return use

    for name, method in STAGES:
        stage: Any = getattr(jax.stages, name, None)
        if stage is not None:
            patches.attribute(stage, "__init__", created(stage.__init__))
            patches.attribute(stage, method, used(getattr(stage, method)))


def _noting(session: Session, original: Any, note: Callable[[Session], None]) -> Callable[..., Any]:
    """Take a note, then go on."""

    @wraps(original)
    def noting(*args: Any, **kwargs: Any) -> Any:
        if session.same_thread():
            note(session)
        return original(*args, **kwargs)

    return noting


def _program(session: Session, *, now: bool = False) -> None:
    """Note a program that was compiled elsewhere."""
    session.note(
        "executable",
        "a program that was traced before the record, or exported, was called: what it draws is not"
        " seen. Compile it inside of the record, or call the jitted function itself.",
        place=here().place,
        now=now,
    )


def _kernel(session: Session) -> None:
    """Note a kernel."""
    if session.busy:
        return
    session.note(
        "kernel",
        "a kernel of its own (Pallas or a foreign function) is called: random numbers that it makes"
        " inside are not seen.",
        place=here().place,
    )


def _raw(session: Session) -> None:
    """Note bits that the user took from below `jax.random`."""
    if session.busy or _entry() not in RAW:
        return
    session.note(
        "bits",
        f"{_entry()} makes bits without jax.random: they are not seen. Use jax.random.bits with a"
        " key.",
        place=here().place,
    )


def _entry() -> str:
    """Name the function by which code outside of JAX came in."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - inspect.stack reads files
    name = ""
    inside = False
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith(("jax.", "jax._src")):
            inside = True
            if module.startswith(BITS):
                name = frame.f_code.co_name
        elif inside:
            return name
        frame = frame.f_back
    return name
