"""Calls a function of a module for each of some arguments, in this process or in several.

Guarantee: results come in the order of the arguments, and are those of one process: each call
derives its randomness from its arguments alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["spread"]

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")


def spread(
    function: Callable[[_Argument], _Result],
    arguments: Iterable[_Argument],
    *,
    processes: int = 1,
) -> Iterator[_Result]:
    """Yield the result for each argument, in order.

    Args:
        function: a function of a module, so that another process finds it.
        arguments: what it is called with, one at a time; they can be pickled.
        processes: number of processes; 1 is this one.
    """
    if processes == 1:
        yield from map(function, arguments)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(function, arguments)
