"""The isolated process: a second interpreter, with eight host devices and no history.

JAX fixes its number of devices when it starts, and hidden state of a layer cannot be undone, so the
properties about sharding and history call `run_isolated`. The process starts at the first call,
serves every later one, and ends with its owner. Functions, arguments and results travel by
cloudpickle: layers and lambdas of a test or a notebook can be sent.

Guarantees: a process that dies is an `IsolatedProcessDied`, and the next call starts a new process;
it imports what its owner imports, and nothing from the working directory; it ignores Ctrl-C, which
its owner handles; the output that a layer prints goes to standard error.

It is not an executor of a library, because no executor kept these guarantees: a worker of loky 3.7
or of `concurrent.futures` outlives an owner that is killed; loky's also makes Ctrl-C wait for the
call, and dies of an exception that cannot be pickled; `concurrent.futures` runs the main script of
its owner again.
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

from dropout_props.environment.guards import without_guards
from dropout_props.subjects.subject import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DEVICES", "IsolatedProcessDied", "num_accelerators", "run_isolated", "serve"]

DEVICES = 8
"""Number of host devices of the isolated process."""

_PATIENCE = 5.0  # seconds
_FLAG = "--xla_force_host_platform_device_count"
# The search path is an argument: `python -m` and `python -c` put the working directory first.
_MAIN = f"import sys; sys.path[:] = sys.argv[1:]; from {__name__} import serve; serve()"


class IsolatedProcessDied(RuntimeError):
    """The isolated process has died; the text says what to do."""


@dataclass(frozen=True)
class _Isolated:
    process: subprocess.Popen[bytes]
    lock: threading.Lock


def num_accelerators() -> int:
    """Return how many accelerators of this process share an array: 2, 4 or 8, or 0 without two.

    The devices of a host are those of the isolated process, even where this one has several too.
    """
    import jax

    if jax.default_backend() == "cpu":
        return 0
    found = min(jax.local_device_count(), DEVICES)
    return 1 << (found.bit_length() - 1) if found > 1 else 0


def run_isolated(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in the isolated process.

    Args:
        function: any function; the isolated process imports what it needs.
        *arguments: values that cloudpickle can pickle.

    Returns:
        The result of the function.

    Raises:
        Unsupported: the function or an argument cannot be pickled.
        IsolatedProcessDied: the isolated process died during the call.
        Exception: the function raised it.
    """
    try:
        message = cloudpickle.dumps((function, arguments))
    except Exception as error:
        raise Unsupported(
            f"it cannot be sent to another process ({error}); define it at the top of a module"
        ) from error
    isolated = _isolated()
    with isolated.lock:
        try:
            _send(_pipe(isolated.process.stdin), message)
            raised, result = pickle.loads(_receive(_pipe(isolated.process.stdout)))  # noqa: S301
        except (OSError, EOFError) as error:
            _isolated.cache_clear()
            code = isolated.process.wait()
            raise IsolatedProcessDied(
                f"the process with {DEVICES} devices ended with exit code {code}; its output is "
                "above. Run again; if it ends again, the machine may be short of memory."
            ) from error
        except BaseException:  # such as Ctrl-C: the next call must not read the result of this one
            _isolated.cache_clear()
            isolated.process.kill()
            raise
    if raised:
        raise result
    return result


@lru_cache(maxsize=1)
def _isolated() -> _Isolated:
    flags = [one for one in os.environ.get("XLA_FLAGS", "").split() if not one.startswith(_FLAG)]
    environment = os.environ | {
        "XLA_FLAGS": " ".join([*flags, f"{_FLAG}={DEVICES}"]),
        "JAX_PLATFORMS": "cpu",
    }
    process = subprocess.Popen(  # noqa: S603 - this interpreter, with arguments of this module
        [sys.executable, "-c", _MAIN, *filter(None, sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    atexit.register(_end, process)
    return _Isolated(process, threading.Lock())


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close the pipes, which ends the process; kill it if its last call takes too long."""
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
    message = pipe.read(int.from_bytes(size, "little"))
    if len(message) < int.from_bytes(size, "little"):
        raise EOFError
    return message


def _call(message: bytes) -> bytes:
    try:
        function, arguments = pickle.loads(message)  # noqa: S301 - the owner sent it
        with without_guards():
            return cloudpickle.dumps((False, function(*arguments)))
    except Exception as error:  # noqa: BLE001 - the owner raises it
        try:
            answer = cloudpickle.dumps((True, error))
            pickle.loads(answer)  # noqa: S301 - some are pickled, and cannot be read again
        except Exception:  # noqa: BLE001 - an exception that cannot be pickled is sent as text
            answer = cloudpickle.dumps((True, RuntimeError(f"{type(error).__name__}: {error}")))
        return answer


def serve() -> None:
    """Serve calls, in the isolated process, until its owner closes the pipe or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    results = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # keeps printed output out of the results
    while True:
        try:
            message = _receive(sys.stdin.buffer)
        except EOFError:
            return
        _send(results, _call(message))
