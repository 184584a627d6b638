"""One worker process: the loop that runs inside it, and the handle that its owner uses.

A worker leads a process group of its own. So every process that a task started there, such as the
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

from dropout_props.engine.pool.ending import describe_exit
from dropout_props.environment.collector import keep_loaded, own_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

__all__ = ["Message", "Result", "Task", "Worker"]

Task = TypeVar("Task")
Result = TypeVar("Result")

_GRACE = 5.0  # seconds in which a process ends that has nothing left to do
_GROUPS = hasattr(os, "setsid")  # not on Windows


class Message(Enum):
    """What an owner can receive from a worker."""

    READY = "ready"
    RESULT = "result"
    RAISED = "raised"
    ENDED = "ended"
    NOTHING = "nothing"


class Worker(Generic[Task, Result]):
    """The owner's handle of a worker process.

    Args:
        work: called in the worker with each task; it has to be picklable.

    Attributes:
        task: the task that the worker runs; None when it is idle.
        ready: whether the worker has imported what `work` needs.
        deadline: when the task is late; None without a limit.
    """

    def __init__(self, work: Callable[[Task], Result]) -> None:
        context = multiprocessing.get_context("spawn")
        self.task: Task | None = None
        self.ready = False
        self.deadline: float | None = None
        self._pipe, self._far_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(self._far_end, work), daemon=False)

    def start(self) -> None:
        """Start the process; the owner must have stored the worker, to kill it on an interrupt."""
        self._process.start()
        self._far_end.close()

    @property
    def handles(self) -> tuple[Connection, int]:
        """What `multiprocessing.connection.wait` waits for: a message, or the end."""
        return self._pipe, self._process.sentinel

    def send(self) -> None:
        """Send the task; `receive` reports a worker that has ended."""
        with suppress(OSError):
            self._pipe.send(self.task)

    def receive(self) -> tuple[Message, Any]:
        """Return the next message, or how the process ended, without waiting for either."""
        try:
            if self._pipe.poll():
                message, value = self._pipe.recv()
                return Message(message), value
        except (EOFError, OSError):
            self._process.join(_GRACE)  # it closes its pipe a moment before it ends
            return Message.ENDED, describe_exit(self._process.exitcode)
        if self._process.is_alive():
            return Message.NOTHING, None
        return Message.ENDED, describe_exit(self._process.exitcode)

    def dismiss(self) -> None:
        """Let an idle worker end, and kill it if it does not."""
        self._pipe.close()
        self._process.join(_GRACE)
        self.kill()

    def kill(self) -> None:
        """Kill the process and its group; may be called when it has ended, and more than once."""
        pid = self._process.pid
        if pid is not None:
            if _GROUPS:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)
            self._process.kill()  # it may not lead its group yet
            self._process.join(_GRACE)
        self._far_end.close()
        self._pipe.close()


def _serve(pipe: Connection, work: Callable[[Any], Any]) -> None:
    """Run tasks until the owner closes its end of the pipe."""
    if _GROUPS:
        os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner handles it
    threading.Thread(target=_end_with_owner, daemon=True).start()
    own_process()
    keep_loaded()
    pipe.send((Message.READY.value, None))
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        pipe.send_bytes(_message(work, task))


def _message(work: Callable[[Any], Any], task: Any) -> bytes:
    try:
        return pickle.dumps((Message.RESULT.value, work(task)))
    except BaseException as error:  # noqa: BLE001 (the owner raises it)
        return pickle.dumps((Message.RAISED.value, _raisable(error)))


def _raisable(error: BaseException) -> Exception:
    """Return the error, or one with its text if it cannot be pickled or would end the owner."""
    if isinstance(error, Exception):
        with suppress(Exception):
            pickle.loads(pickle.dumps(error))  # noqa: S301 (some can be written and not read)
            return error
    return RuntimeError(f"{type(error).__name__}: {error}")


def _end_with_owner() -> None:
    """End this process, and those that it started, when its owner is killed."""
    owner = multiprocessing.parent_process()
    assert owner is not None
    owner.join()
    if _GROUPS:
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
