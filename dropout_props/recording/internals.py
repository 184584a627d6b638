"""What the recorder takes from inside of JAX, in one place, for the releases from 0.4.30 on.

Names move from release to release. Each is looked up here once, and everything else in this folder
uses what is found. A release in which something is missing is refused when a record is opened.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import jax

core: Any = import_module("jax._src.core")
ad: Any = import_module("jax._src.interpreters.ad")
batching: Any = import_module("jax._src.interpreters.batching")
mlir: Any = import_module("jax._src.interpreters.mlir")
partial_eval: Any = import_module("jax._src.interpreters.partial_eval")
callback: Any = import_module("jax._src.callback")
config: Any = import_module("jax._src.config")
util: Any = import_module("jax._src.util")
linear_util: Any = import_module("jax._src.linear_util")
_pjit: Any = import_module("jax._src.pjit")
_random: Any = import_module("jax._src.random")

dtypes: Any = import_module("jax.dtypes")

samplers: Any = import_module("jax._src.random.core") if hasattr(_random, "__path__") else _random
"""The module in which the public samplers look up the private ones."""

keys: Any = getattr(_random, "prng", None) or import_module("jax._src.prng")
"""The module of key arrays."""

jit_p: Any = getattr(_pjit, "jit_p", None) or _pjit.pjit_p
checkpoints: Any = import_module("jax._src.ad_checkpoint")
remat_p: Any = checkpoints.remat_p
remat_region: Any = getattr(checkpoints, "RematTraced", None)
"""What `jax_remat3` makes of a region of `jax.checkpoint`."""

execute_replicated: Any = import_module("jax._src.interpreters.pxla").ExecuteReplicated
emit_python_callback: Any = getattr(callback, "emit_python_callback", None) or getattr(
    mlir, "emit_python_callback", None
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


def forget_traces() -> None:
    """Drop the traces that JAX keeps, where `jax.checking_leaks` looks for tracers in them.

    A function that outlives the loop around its call keeps its trace, and that the index.
    """
    if jax.config.jax_check_tracer_leaks:
        for name in ("clear_all_caches", "clear_all_weakref_lru_caches"):
            getattr(util, name, lambda: None)()


def bit_primitives() -> list[Any]:
    """List the primitives that make random bits.

    Returns:
        Those that this JAX has.
    """
    lax = import_module("jax._src.lax.lax")
    found = [getattr(lax, name, None) for name in ("rng_bit_generator_p", "rng_uniform_p")]
    modules = [sys.modules.get(name) for name in ("jax._src.random.threefry2x32", "jax._src.prng")]
    found += [getattr(module, "threefry2x32_p", None) for module in modules]
    return [primitive for primitive in found if primitive is not None]
