"""Calls a function of a module for each of some arguments, in this process or in several.

Guarantee: results come in the order of the arguments, and are those of one process: each call
derives its randomness from its arguments alone.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from dropout_props.engine.pool import in_parallel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dropout_props.engine.pool import Lost

__all__ = ["NotMeasured", "spread"]

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")


class NotMeasured(RuntimeError):
    """Two processes ended with one argument; the text names it and says how they ended."""


def spread(
    function: Callable[[_Argument], _Result],
    arguments: Iterable[_Argument],
    *,
    processes: int = 1,
) -> Iterator[_Result]:
    """Yield the result for each argument, in order; of several processes, when all are there.

    Args:
        function: a function of a module, so that another process finds it.
        arguments: what it is called with, one at a time; they can be pickled.
        processes: number of processes; 1 is this one.

    Raises:
        CannotStart: processes end before they are ready.
        NotMeasured: one argument ended two processes.
    """
    if processes == 1:
        yield from map(function, arguments)
        return
    tasks = list(enumerate(arguments))
    results: dict[int, _Result] = {}

    def lost(task: tuple[int, _Argument], how: Lost) -> None:
        raise NotMeasured(f"{task[1]!r} was not measured: {how}. Run it without -n.")

    in_parallel(
        partial(_numbered, function),
        tasks,
        processes=processes,
        done=lambda task, result: results.update({task[0]: result}),
        lost=lost,
    )
    for number, _ in tasks:
        yield results[number]


def _numbered(function: Callable[[_Argument], _Result], task: tuple[int, _Argument]) -> _Result:
    """Call the function with the argument of a numbered task."""
    return function(task[1])
