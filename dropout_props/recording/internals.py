"""What the recorder takes from inside of JAX, in one place, for the releases from 0.4.30 on.

Names move from release to release. Each is looked up here once, and everything else in this folder
uses what is found. A release in which something is missing is refused when a record is opened.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any

import jax

from dropout_props.recording.errors import RecordingError

CONFIG: Any = jax.config
"""The flags of JAX, which are attributes that only some releases have types for."""


def _module(name: str) -> Any:
    """Import a module of JAX.

    Raises:
        RecordingError: this release has none of that name.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise _missing(name) from error


def _name(module: Any, name: str) -> Any:
    """Look a name up.

    Raises:
        RecordingError: this release has none of that name.
    """
    found = getattr(module, name, None)
    if found is None:
        raise _missing(f"{module.__name__}.{name}")
    return found


def _missing(name: str) -> RecordingError:
    """Say that this release lacks something."""
    return RecordingError(
        f"JAX {jax.__version__} cannot be recorded: it has no {name}, which the recorder needs. Use"
        " a release that docs/recording-releases.md lists."
    )


def wide(dtypes: Iterable[Any]) -> AbstractContextManager[Any]:
    """Let arrays of 64 bits be made where one of the types has them, whatever JAX is set to now."""
    if not any(dtype in _WIDE for dtype in dtypes):
        return nullcontext()
    holder: Any = jax if hasattr(jax, "enable_x64") else import_module("jax.experimental")
    switched: AbstractContextManager[Any] = holder.enable_x64(new_val=True)
    return switched


_WIDE = ("float64", "int64", "uint64", "complex128")
core: Any = _module("jax._src.core")
ad: Any = _module("jax._src.interpreters.ad")
batching: Any = _module("jax._src.interpreters.batching")
mlir: Any = _module("jax._src.interpreters.mlir")
partial_eval: Any = _module("jax._src.interpreters.partial_eval")
callback: Any = _module("jax._src.callback")
config: Any = _module("jax._src.config")
util: Any = _module("jax._src.util")
linear_util: Any = _module("jax._src.linear_util")
_pjit: Any = _module("jax._src.pjit")
_random: Any = _module("jax._src.random")

dtypes: Any = _module("jax.dtypes")

samplers: Any = _module("jax._src.random.core") if hasattr(_random, "__path__") else _random
"""The module in which the public samplers look up the private ones."""

keys: Any = getattr(_random, "prng", None) or _module("jax._src.prng")
"""The module of key arrays."""

jit_p: Any = getattr(_pjit, "jit_p", None) or _name(_pjit, "pjit_p")
checkpoints: Any = _module("jax._src.ad_checkpoint")
remat_p: Any = _name(checkpoints, "remat_p")
remat_region: Any = getattr(checkpoints, "RematTraced", None)
"""What `jax_remat3` makes of a region of `jax.checkpoint`."""

execute_replicated: Any = _name(_module("jax._src.interpreters.pxla"), "ExecuteReplicated")
emit_python_callback: Any = getattr(callback, "emit_python_callback", None) or _name(
    mlir, "emit_python_callback"
)

JAXPRS: tuple[Any, ...] = tuple(
    getattr(core, name) for name in ("Jaxpr", "ClosedJaxpr") if hasattr(core, name)
)
"""The newest JAX has one kind of traced program, the others a second one with its constants."""

not_mapped: Any = getattr(batching, "not_mapped", None)
"""What stands for an operand that `vmap` does not map."""


def staging() -> bool:
    """Say whether what is called now becomes part of a larger traced program."""
    context = getattr(core, "trace_ctx", None)
    if context is None:
        dynamic = core.thread_local_state.trace_state.trace_stack.dynamic
        return dynamic.trace_type is partial_eval.DynamicJaxprTrace
    trace = context.trace
    while trace is not None:
        if isinstance(trace, partial_eval.DynamicJaxprTrace):
            return True
        trace = getattr(trace, "parent_trace", None)
    return False


def staged(value: Any) -> bool:
    """Say whether a value is part of a program that is being traced, below any vmap and grad."""
    while isinstance(value, jax.core.Tracer):
        if isinstance(value, partial_eval.DynamicJaxprTracer):
            return True
        inner = getattr(value, "val", None)
        value = getattr(value, "primal", None) if inner is None else inner
    return False


def lowering_tables() -> list[dict[Any, Any]]:
    """List JAX's tables of lowerings: one for all platforms, and one a platform."""
    return [mlir._lowerings, *mlir._platform_specific_lowerings.values()]  # noqa: SLF001


def callback_sharding(axis_context: Any) -> Any:
    """Say where a callback without results runs; see `lowering`."""
    function = callback._callback_op_sharding  # noqa: SLF001
    no_results: tuple[Any, ...] = ((),) if function.__code__.co_argcount > 2 else ()  # noqa: PLR2004
    return function(axis_context, None, *no_results)


def forgets_traces() -> bool:
    """Say whether this JAX can drop the traces that it keeps while it is tracing.

    JAX 0.12.0.1 can. 0.4.30, 0.5.1 and 0.7.1 cannot; those between have not been measured.

    Returns:
        Whether `forget_traces` works.
    """
    return jax.__version_info__ >= (0, 12)


def forget_traces() -> None:
    """Drop the traces that JAX keeps, where `jax.checking_leaks` looks for tracers in them.

    A function that outlives the loop around its call keeps its trace, and that the index.
    """
    if CONFIG.jax_check_tracer_leaks and forgets_traces():
        util.clear_all_caches()


def bit_primitives() -> list[Any]:
    """List the primitives that make random bits.

    Returns:
        Those that this JAX has.
    """
    lax = _module("jax._src.lax.lax")
    found = [getattr(lax, name, None) for name in ("rng_bit_generator_p", "rng_uniform_p")]
    modules = [sys.modules.get(name) for name in ("jax._src.random.threefry2x32", "jax._src.prng")]
    found += [getattr(module, "threefry2x32_p", None) for module in modules]
    return [primitive for primitive in found if primitive is not None]
