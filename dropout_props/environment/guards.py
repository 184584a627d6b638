"""Turns off the flags of JAX for debugging under which a judge would judge something else.

`jax_debug_nans` and `jax_debug_infs` raise where an output is NaN or infinite, and a judge gives
NaN to layers on purpose. `jax_transfer_guard` raises where a number of Python becomes an array.
Under `jax_disable_jit` a compiled layer is an eager one, and a scan is a loop of Python.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["without_guards"]


@contextmanager
def without_guards() -> Iterator[None]:
    """Turn the guards off in this thread, in a `with` block or the function that it decorates."""
    import jax

    with ExitStack() as off:
        off.enter_context(jax.debug_nans(False))  # noqa: FBT003 (JAX's own signature)
        off.enter_context(jax.debug_infs(False))  # noqa: FBT003
        off.enter_context(jax.disable_jit(False))  # noqa: FBT003
        off.enter_context(jax.transfer_guard("allow"))
        yield
