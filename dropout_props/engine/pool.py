"""Several questions at once, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["in_parallel"]

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


def in_parallel(
    ask: Callable[[Asked], Answer],
    asked: Sequence[Asked],
    *,
    processes: int,
    done: Callable[[Asked, Answer], None],
) -> None:
    """Ask every question, so many at once, and hand over each answer as it comes.

    Args:
        ask: a function of a module, which the other process can import.
        asked: plain values, each of them different.
        processes: how many at once.
        done: called in this process with a question and its answer.

    Raises:
        BaseException: whatever a question or `done` raised; the others are stopped.
    """
    # JAX does not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_leave_ctrl_c) as pool:
        futures = {pool.submit(ask, one): one for one in asked}
        try:
            for future in as_completed(futures):
                done(futures[future], future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise


def _leave_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process answers it
