"""One worker process: the loop that runs inside it, and the end that its owner holds.

A worker leads a process group of its own. So whatever a question started there, such as the
isolated process, is killed with it, and Ctrl-C in a terminal reaches the owner alone.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from dropout_props.engine.pool.ending import ended

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

__all__ = ["Answer", "News", "Question", "Worker"]

Question = TypeVar("Question")
Answer = TypeVar("Answer")

_PATIENCE = 5.0  # seconds for a process to end that has nothing left to do
_GROUPS = hasattr(os, "setsid")  # not on Windows


class News(Enum):
    """What an owner can hear from a worker."""

    READY = "ready"
    ANSWER = "answer"
    RAISED = "raised"
    ENDED = "ended"
    NOTHING = "nothing"


class Worker(Generic[Question, Answer]):
    """The end of a worker process that its owner holds.

    Args:
        ask: called in the worker with each question; it has to be picklable.

    Attributes:
        question: what the worker has to answer; None when it is idle.
        ready: the worker has imported what `ask` needs.
        deadline: when the question is late; None without a limit.
    """

    def __init__(self, ask: Callable[[Question], Answer]) -> None:
        context = multiprocessing.get_context("spawn")
        self.question: Question | None = None
        self.ready = False
        self.deadline: float | None = None
        self._pipe, self._far = context.Pipe()
        self._process = context.Process(target=_serve, args=(self._far, ask), daemon=False)

    def start(self) -> None:
        """Start the process; whoever can be interrupted has to know the worker before."""
        self._process.start()
        self._far.close()

    @property
    def handles(self) -> tuple[Connection, int]:
        """What `multiprocessing.connection.wait` waits for: a message, or the end."""
        return self._pipe, self._process.sentinel

    def send(self) -> None:
        """Send the question; a worker that has ended is heard of later."""
        with suppress(OSError):
            self._pipe.send(self.question)

    def hear(self) -> tuple[News, Any]:
        """Return the next message, or how the process ended, without waiting for either."""
        try:
            if self._pipe.poll():
                news, value = self._pipe.recv()
                return News(news), value
        except (EOFError, OSError):
            self._process.join(_PATIENCE)  # it closes its pipe a moment before it ends
            return News.ENDED, ended(self._process.exitcode)
        if self._process.is_alive():
            return News.NOTHING, None
        return News.ENDED, ended(self._process.exitcode)

    def dismiss(self) -> None:
        """Let an idle worker end by itself, and kill it when it does not."""
        self._pipe.close()
        self._process.join(_PATIENCE)
        self.kill()

    def kill(self) -> None:
        """Kill the process and its group; nothing happens when it has ended. May be repeated."""
        pid = self._process.pid
        if pid is not None:
            if _GROUPS:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
            self._process.kill()  # it may not lead its group yet
            self._process.join(_PATIENCE)
        self._far.close()
        self._pipe.close()


def _serve(pipe: Connection, ask: Callable[[Any], Any]) -> None:
    """Answer questions until the owner closes its end."""
    if _GROUPS:
        os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner answers it
    threading.Thread(target=_end_with_owner, daemon=True).start()
    pipe.send((News.READY.value, None))
    while True:
        try:
            question = pipe.recv()
        except EOFError:
            return
        pipe.send_bytes(_message(ask, question))


def _message(ask: Callable[[Any], Any], question: Any) -> bytes:
    try:
        return pickle.dumps((News.ANSWER.value, ask(question)))
    except BaseException as error:  # noqa: BLE001 (it is raised where the question came from)
        return pickle.dumps((News.RAISED.value, _raisable(error)))


def _raisable(error: BaseException) -> Exception:
    """Return the error, or its text where it cannot travel or would end the owner in silence."""
    if isinstance(error, Exception):
        with suppress(Exception):
            pickle.loads(pickle.dumps(error))  # noqa: S301 (some can be written and not read)
            return error
    return RuntimeError(f"{type(error).__name__}: {error}")


def _end_with_owner() -> None:
    """End this process, and what it started, when its owner ends without a word."""
    owner = multiprocessing.parent_process()
    assert owner is not None
    owner.join()
    if _GROUPS:
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
