"""Divides the steps of a trace into programs that other traces share.

A call of a layer derives a key, draws random bits, and computes an output from them. A trace of
several calls, compiled as one program, is a program of its own for each number of calls and each
shape. Here each draw is a program, which every draw of that shape shares; so is the derivation of
its key, and what follows from it alone. A derivation is divided into its steps, because two layers
that derive their keys otherwise take the same steps in another number or order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dropout_props.subjects.compiled.moves import is_move
from dropout_props.subjects.compiled.steps import NotOneProgram, Step

__all__ = ["grouped", "kind", "num_draws"]

_BITS = ("random_bits", "threefry2x32", "rng_bit_generator", "rng_uniform")
_KEYS = ("random_fold_in", "random_split", "random_seed", "random_wrap", "random_unwrap",
         "random_clone", "threefry2x32")  # fmt: skip
_ONE_BY_ONE = ("random_fold_in", "random_split", "random_seed")

_Home = tuple[str, frozenset[int]]  # where a step belongs, and the draws on which that depends
_SHARED_HOME: _Home = ("shared", frozenset())


def kind(equation: Any) -> str:
    """Return "draw" for a call that makes random bits, "key" for a derivation of keys, or ""."""
    if equation.primitive.name in _KEYS:
        return "key"
    return "draw" if _makes_bits(equation) else ""


def num_draws(steps: Sequence[Step]) -> int:
    """Return how many of the steps make random bits."""
    return sum(kind(step.equation) == "draw" for step in steps)


def grouped(steps: Sequence[Step], outputs: Sequence[int]) -> list[list[Step]]:
    """Return the steps in groups, in an order in which they can run one after the other.

    Args:
        steps: in an order in which they can run.
        outputs: numbers of the values that the whole trace returns.

    Raises:
        NotOneProgram: no order does.
    """
    homes = _homes(steps, outputs)
    groups: dict[_Home, list[Step]] = {}
    for step, home in zip(steps, homes, strict=True):
        groups.setdefault(home, []).append(step)
    return [part for group in _ordered(groups) for part in _apart(group)]


def _apart(group: list[Step]) -> list[list[Step]]:
    """Return the steps of a group one by one, if the group does nothing but derive keys."""
    names = [step.equation.primitive.name for step in group]
    derives = any(name in _ONE_BY_ONE for name in names)
    alone = all(
        name in _ONE_BY_ONE or is_move(step.equation)
        for name, step in zip(names, group, strict=True)
    )
    return [[step] for step in group] if derives and alone else [group]


def _homes(steps: Sequence[Step], outputs: Sequence[int]) -> list[_Home]:
    """Return where each step belongs."""
    kinds = [kind(step.equation) for step in steps]
    draws_of: dict[int, frozenset[int]] = {}  # of each value
    before: list[frozenset[int]] = []  # of each step: the draws on which its operands depend
    for at, step in enumerate(steps):
        before.append(frozenset().union(*(draws_of.get(one, ()) for one in step.operands)))
        after = before[at] | {at} if kinds[at] == "draw" else before[at]
        draws_of.update(dict.fromkeys(step.results, after))
    for_keys: set[int] = set()  # values from which keys are derived
    users: dict[int, set[_Home]] = {one: {_SHARED_HOME} for one in outputs}
    homes: list[_Home] = [_SHARED_HOME] * len(steps)
    for at in reversed(range(len(steps))):
        step = steps[at]
        used_by = set[_Home]().union(*(users.get(one, ()) for one in step.results))
        if kinds[at] == "draw":
            homes[at] = ("draw", before[at] | {at})
        else:
            is_for_keys = kinds[at] == "key" or bool(for_keys.intersection(step.results))
            if is_for_keys:
                for_keys.update(step.operands)
            homes[at] = _home("keys" if is_for_keys else "", before[at], used_by)
        for one in step.operands:
            users.setdefault(one, set()).add(homes[at])
    return homes


def _home(purpose: str, before: frozenset[int], used_by: set[_Home]) -> _Home:
    """Return where a step belongs that is no draw: with the steps that use it, if those are one."""
    if before:
        return purpose or "after", before
    if len(used_by) == 1 and used_by != {_SHARED_HOME}:
        (home,) = used_by
        return ("before", home[1]) if home[0] == "draw" else home
    return purpose or _SHARED_HOME[0], frozenset()


def _ordered(groups: dict[_Home, list[Step]]) -> list[list[Step]]:
    """Return the groups, each after those that it depends on.

    No two depend on each other: a step that keys are derived from stands with the keys, what
    depends on a draw with what depends on the same draws, and the rest with its only user.

    Raises:
        NotOneProgram: two do, in spite of that.
    """
    makers = {
        number: home for home, group in groups.items() for step in group for number in step.results
    }
    waiting = {
        home: {makers[one] for step in group for one in step.operands if one in makers} - {home}
        for home, group in groups.items()
    }
    found: list[list[Step]] = []
    while waiting:
        ready = [home for home, needs in waiting.items() if not needs & waiting.keys()]
        if not ready:
            raise NotOneProgram
        for home in ready:
            found.append(groups[home])
            del waiting[home]
    return found


def _makes_bits(equation: Any) -> bool:
    inner = [part for part in equation.params.values() if hasattr(part, "eqns")]
    return equation.primitive.name in _BITS or any(
        _makes_bits(one) for program in inner for one in program.eqns
    )
