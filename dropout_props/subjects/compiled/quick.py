"""Compiles programs in little time: a run has many small ones, which compile longer than they run.

XLA optimises for programs that run for hours. Here its CPU compiler leaves most of that out: it
emits loops by its older and quicker emitters, optimises large programs a little and small ones not
at all. Each operation is rounded to its own dtype, as in an eager call. A release of XLA that does
not know an option compiles without it; other devices compile as they always do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["quickly_compiled"]

_LARGE = 2**15  # units; from here on optimised code gains more than its compilation costs

Options = dict[str, "str | bool | int"]

_ROUNDED: Options = {"xla_allow_excess_precision": False}
_EMITTERS: Options = {
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,  # programs are too small to divide
}
_unknown: set[str] = set()


def quickly_compiled(lowered: Any, *, units: int, platform: str) -> Any:
    """Return a lowered program compiled, with every result rounded to its dtype.

    Args:
        lowered: what `jax.jit(...).lower(...)` returned.
        units: number of units of its largest array.
        platform: of the devices that it runs on, such as `cpu`.

    Raises:
        Exception: XLA cannot compile the program.
    """
    options = dict(_ROUNDED)
    if platform == "cpu":
        level = 1 if units >= _LARGE else 0
        options |= {**_EMITTERS, "xla_backend_optimization_level": str(level)}
    return _compiled(lowered, {name: options[name] for name in options if name not in _unknown})


def _compiled(lowered: Any, options: Mapping[str, str | bool | int]) -> Any:
    try:
        return lowered.compile(compiler_options=dict(options))
    except Exception as error:
        unknown = {name for name in options if f"option: '{name}'" in str(error)}
        if not unknown or unknown & set(_ROUNDED):
            raise
        _unknown.update(unknown)
        return _compiled(lowered, {name: options[name] for name in options if name not in unknown})
