"""Turns off the guards of JAX that stop a right program: a judge gives NaN to layers on purpose.

`jax_debug_nans` and `jax_debug_infs` raise where an output is NaN or infinite, and
`jax_transfer_guard` where a number of Python or an array of NumPy becomes an array.
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
        off.enter_context(jax.transfer_guard("allow"))
        yield
