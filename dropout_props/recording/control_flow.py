"""Give the body of each loop its index, and each branch the number that chose it.

`lax.scan`, `lax.while_loop`, `lax.cond` and `lax.switch` are wrapped below their names;
`lax.fori_loop`, `lax.map`, `nn.scan`, `nnx.scan` and the rest call them. A scan gets one more
input, which counts from 0, a while loop one more carried value, a branch one more operand. While
the body is traced, every draw in it takes that index as an operand. So a draw whose key does not
change depends on the trip all the same: JAX moves it out of no loop.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from dropout_props.recording.bodies import Bodies, named
from dropout_props.recording.patches import Patches
from dropout_props.recording.session import Session


def install(session: Session, patches: Patches) -> None:
    """Wrap the four."""
    bodies = Bodies(session)
    patches.cell(lax.scan, lambda scan: _scan(session, bodies, scan))
    patches.cell(lax.while_loop, lambda loop: _while_loop(session, bodies, loop))
    patches.cell(lax.cond, lambda cond: _cond(session, bodies, cond))
    patches.cell(lax.switch, lambda switch: _switch(session, bodies, switch))


def _scan(session: Session, bodies: Bodies, scan: Any) -> Callable[..., Any]:
    """Count the trips of a scan."""
    signature = inspect.signature(scan)

    def counted(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        given = bound.arguments
        body, xs = given["f"], given.get("xs")
        length = _length(given.get("length"), xs)
        if length is None or not callable(body) or not session.same_thread():
            return scan(*args, **kwargs)
        given["f"] = bodies.scan(body, length)
        given["xs"] = (np.arange(length, dtype=np.int32), xs)
        return scan(*bound.args, **bound.kwargs)

    return named(counted, scan)


def _length(length: Any, xs: Any) -> int | None:
    """Say how often a scan runs, if that is a plain number."""
    if length is None:
        leaves = jax.tree.leaves(xs)
        shape = getattr(leaves[0], "shape", ()) if leaves else ()
        length = shape[0] if shape else None
    return int(length) if isinstance(length, int | np.integer) else None


def _while_loop(session: Session, bodies: Bodies, while_loop: Any) -> Callable[..., Any]:
    """Count the trips of a while loop."""

    def counted(cond_fun: Any, body_fun: Any, init_val: Any) -> Any:
        if not (callable(cond_fun) and callable(body_fun) and session.same_thread()):
            return while_loop(cond_fun, body_fun, init_val)
        condition, body = bodies.while_loop(cond_fun, body_fun)
        return while_loop(condition, body, (np.int32(0), init_val))[1]

    return named(counted, while_loop)


def _cond(session: Session, bodies: Bodies, cond: Any) -> Callable[..., Any]:
    """Name the two branches of a cond."""

    def numbered(*args: Any, **kwargs: Any) -> Any:
        plain = len(args) > 2 and callable(args[1]) and callable(args[2])  # noqa: PLR2004
        if not plain or np.ndim(args[0]) or not session.same_thread():
            return cond(*args, **kwargs)
        predicate, if_true, if_false, *operands = args
        if "operand" in kwargs:
            operands.append(kwargs.pop("operand"))
        index = jnp.asarray(predicate != 0).astype(jnp.int32)
        otherwise, then = bodies.branches((if_false, if_true))
        return cond(predicate, then, otherwise, index, *operands, **kwargs)

    return named(numbered, cond)


def _switch(session: Session, bodies: Bodies, switch: Any) -> Callable[..., Any]:
    """Number the branches of a switch."""

    def numbered(index: Any, branches: Any, *operands: Any, **kwargs: Any) -> Any:
        branches = tuple(branches)
        callables = bool(branches) and all(callable(branch) for branch in branches)
        if not callables or np.ndim(index) or not session.same_thread():
            return switch(index, branches, *operands, **kwargs)
        if "operand" in kwargs:
            operands = (*operands, kwargs.pop("operand"))
        taken = jnp.clip(jnp.asarray(index).astype(jnp.int32), 0, len(branches) - 1)
        return switch(index, bodies.branches(branches), taken, *operands, **kwargs)

    return named(numbered, switch)
