"""Which parameter of a function takes the key, the input, the rate and the mode.

A function of four positional parameters is called as `f(key, x, rate, deterministic)`, unless the
names of its parameters say otherwise: another order, parameters that only a keyword reaches, or a
mode whose True means training. It cannot check that a parameter does what its name says.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

from dropout_props.subjects.errors import WiringError
from dropout_props.subjects.wiring import KEY_NAMES, MODE_NAMES, RATE_NAMES

__all__ = ["Named", "named_parameters"]

Named: TypeAlias = "tuple[tuple[str, str], ...]"
"""Each parameter of a call by name, with what it takes."""

_ROLES = ("key", "x", "rate", "deterministic")
_BY_NAME = {
    **dict.fromkeys((*KEY_NAMES, "prng_key", "rng_key"), "key"),
    **dict.fromkeys(("x", "inputs", "input"), "x"),
    **dict.fromkeys((*RATE_NAMES, "p"), "rate"),
    **{
        name: "deterministic" if evaluates else "training" for name, evaluates in MODE_NAMES.items()
    },
}


def named_parameters(function: Callable[..., Any], *, name: str) -> Named:
    """Return how a function is called: each parameter with what it takes.

    Args:
        function: takes a key, an input, a rate and a mode.
        name: its name, for messages.

    Returns:
        Pairs of a parameter and one of `key`, `x`, `rate`, `deterministic` and `training`; () for
        a function that is called as `f(key, x, rate, deterministic)`.

    Raises:
        WiringError: it does not take these four.
    """
    signature = inspect.signature(function)
    try:
        signature.bind(None, None, 0.5, False)  # noqa: FBT003
    except TypeError as error:
        found = _by_name(signature)
        if not _can_be_called(signature, found):
            raise WiringError(
                f"{name}{signature} cannot be called as f(key, x, rate, deterministic): {error}. "
                "Wrap it in a function of these four arguments."
            ) from error
        return found
    found = _by_name(signature)
    is_usual = tuple(role for _, role in found) == _ROLES
    first = tuple(signature.parameters)[: len(_ROLES)]
    if (is_usual and tuple(taker for taker, _ in found) == first) or not found:
        return ()
    return found if _can_be_called(signature, found) else ()


def _by_name(signature: inspect.Signature) -> Named:
    """Return what each parameter takes; () where names say nothing or contradict each other.

    The parameters of other names take what is left, in the usual order.
    """
    usable = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    names = [one.name for one in signature.parameters.values() if one.kind in usable]
    taken: dict[str, str] = {}
    for one in names:
        role = _BY_NAME.get(one)
        if role and _usual(role) not in map(_usual, taken.values()):
            taken[one] = role
    left = [role for role in _ROLES if role not in map(_usual, taken.values())]
    others = [one for one in names if one not in taken]
    if not taken or len(others) < len(left):
        return ()
    taken |= dict(zip(others, left, strict=False))
    return tuple((one, taken[one]) for one in names if one in taken)


def _usual(role: str) -> str:
    return "deterministic" if role == "training" else role


def _can_be_called(signature: inspect.Signature, found: Named) -> bool:
    try:
        signature.bind(**dict.fromkeys((name for name, _ in found), 0))
    except TypeError:
        return False
    return bool(found)
