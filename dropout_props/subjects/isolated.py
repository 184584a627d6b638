"""Asking in another process: one with several devices, that never heard of the layer before.

JAX counts its devices once, when it starts, so a sharded layer cannot be asked in a process that
has one. The other process is started at the first question, answers any number of them, and ends
with this one. Questions and answers are pickled (cloudpickle, so that layers and lambdas of a test
or a notebook travel too).
"""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO

import cloudpickle

from dropout_props.subjects.subject import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DEVICES", "IsolatedProcessDied", "run_isolated"]

DEVICES = 8
"""Host devices of the other process."""

_PATIENCE = 5.0  # seconds
_FLAG = "--xla_force_host_platform_device_count"


class IsolatedProcessDied(RuntimeError):
    """The other process has died; the text says what to do."""


@dataclass(frozen=True)
class _Other:
    process: subprocess.Popen[bytes]
    lock: threading.Lock


def run_isolated(question: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in the other process.

    Args:
        question: any function; what it needs is loaded there.
        *arguments: whatever can be pickled.

    Returns:
        Its answer.

    Raises:
        Unsupported: the question cannot be pickled.
        IsolatedProcessDied: the other process has died.
        Exception: whatever the question raised there.
    """
    try:
        asked = cloudpickle.dumps((question, arguments))
    except Exception as error:
        raise Unsupported(
            f"it cannot be sent to another process ({error}); define it at the top of a module"
        ) from error
    other = _other()
    with other.lock:
        try:
            _send(_pipe(other.process.stdin), asked)
            raised, answer = pickle.loads(_receive(_pipe(other.process.stdout)))  # noqa: S301
        except (OSError, EOFError) as error:
            _other.cache_clear()
            code = other.process.wait()
            raise IsolatedProcessDied(
                f"the process with {DEVICES} devices ended with exit code {code}; what it printed "
                "is above. Run again; if it ends again, it may be short of memory."
            ) from error
    if raised:
        raise answer
    return answer


@lru_cache(maxsize=1)
def _other() -> _Other:
    flags = [one for one in os.environ.get("XLA_FLAGS", "").split() if not one.startswith(_FLAG)]
    environment = os.environ | {
        "XLA_FLAGS": " ".join([*flags, f"{_FLAG}={DEVICES}"]),
        "JAX_PLATFORMS": "cpu",
    }
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    atexit.register(_end, process)
    return _Other(process, threading.Lock())


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close both ends, at which it stops; it has a few seconds to finish what it is asked."""
    with suppress(OSError):
        _pipe(process.stdin).close()
        _pipe(process.stdout).close()
    try:
        process.wait(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _pipe(pipe: Any) -> BinaryIO:
    assert pipe is not None
    opened: BinaryIO = pipe
    return opened


def _send(pipe: BinaryIO, message: bytes) -> None:
    pipe.write(len(message).to_bytes(8, "little") + message)
    pipe.flush()


def _receive(pipe: BinaryIO) -> bytes:
    size = pipe.read(8)
    if len(size) < 8:  # noqa: PLR2004
        raise EOFError
    return pipe.read(int.from_bytes(size, "little"))


def _answer(message: bytes) -> bytes:
    try:
        question, arguments = pickle.loads(message)  # noqa: S301 (from the process that owns us)
        return cloudpickle.dumps((False, question(*arguments)))
    except Exception as error:  # noqa: BLE001 (it is raised where the question came from)
        try:
            return cloudpickle.dumps((True, error))
        except Exception:  # noqa: BLE001
            return cloudpickle.dumps((True, RuntimeError(f"{type(error).__name__}: {error}")))


def _serve() -> None:
    """Answer until the other end is closed, which the death of its owner does too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the owner answers it
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a layer prints is no answer
    while True:
        try:
            message = _receive(sys.stdin.buffer)
        except EOFError:
            return
        _send(answers, _answer(message))


if __name__ == "__main__":
    _serve()
