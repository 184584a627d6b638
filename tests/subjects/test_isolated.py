"""The isolated process has its own devices and imports, and survives every fault of a call."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

import pytest

from dropout_props.subjects import isolated
from dropout_props.subjects.isolated import DEVICES, IsolatedProcessDied, run_isolated
from dropout_props.subjects.subject import Crashed, Unsupported


def test_it_has_its_own_devices() -> None:
    """JAX has eight devices there, whatever XLA_FLAGS says here; lambdas and closures travel."""

    def devices() -> int:
        import jax

        return jax.device_count()

    assert run_isolated(lambda factor: factor * devices(), 2) == 2 * DEVICES
    assert run_isolated(os.getpid) == run_isolated(os.getpid) != os.getpid()


def test_printed_output_does_not_disturb_the_result(capfd: pytest.CaptureFixture[str]) -> None:
    """It appears on standard error, also for a process that was started before."""
    isolated._isolated.cache_clear()
    assert run_isolated(os.write, 1, b"printed\n") == 8
    assert capfd.readouterr() == ("", "printed\n")
    isolated._isolated.cache_clear()  # the next test has another standard error


def test_a_dead_process_is_reported_and_replaced() -> None:
    """The message has the exit code and says what to do; the next call works."""
    before = run_isolated(os.getpid)
    with pytest.raises(IsolatedProcessDied) as caught:
        run_isolated(os._exit, 7)
    assert str(caught.value) == (
        "the process with 8 devices ended with exit code 7; its output is above. "
        "Run again; if it ends again, the machine may be short of memory."
    )
    assert run_isolated(os.getpid) not in (before, os.getpid())


class _Unpicklable(Exception):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.lock = threading.Lock()


def _raise_unpicklable() -> NoReturn:
    raise _Unpicklable("too large")


def test_an_exception_is_raised_here() -> None:
    """As itself, or as text where it cannot be pickled; the process goes on."""
    process = run_isolated(os.getpid)
    with pytest.raises(FileNotFoundError, match="no-such-file"):
        run_isolated(open, "no-such-file")
    with pytest.raises(RuntimeError, match=r"^_Unpicklable: too large$"):
        run_isolated(_raise_unpicklable)
    with pytest.raises(TypeError, match="pickle"):
        run_isolated(threading.Lock)
    assert run_isolated(os.getpid) == process


def test_an_argument_that_cannot_be_sent_is_refused() -> None:
    """The reason names the remedy."""
    with pytest.raises(
        Unsupported, match=r"^it cannot be sent to another process \(.*\); define it"
    ):
        run_isolated(id, threading.Lock())


def test_the_result_of_an_interrupted_call_is_never_read() -> None:
    """After Ctrl-C the next call gets its own result."""

    def late() -> str:
        time.sleep(2)
        return "late"

    run_isolated(os.getpid)
    main = threading.main_thread().ident
    assert main is not None
    # A process that a shell starts in the background ignores SIGINT, and Python keeps that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.5, signal.pthread_kill, (main, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        run_isolated(late)
    timer.join()
    signal.signal(signal.SIGINT, before)
    assert run_isolated(lambda: "mine") == "mine"


def test_it_ignores_ctrl_c() -> None:
    """A terminal sends SIGINT to both processes, and the owner decides."""
    process = run_isolated(os.getpid)
    os.kill(process, signal.SIGINT)
    assert run_isolated(os.getpid) == process


OWNER = """
import os, sys, time
from dropout_props.subjects.isolated import run_isolated
print(run_isolated(os.getpid), flush=True)
run_isolated(time.sleep, 1)
time.sleep(60)
"""


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # A process that nobody waits for remains in the table.
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_it_ends_with_its_owner() -> None:
    """An owner that is killed leaves no process behind."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    process = int(owner.stdout.readline())
    owner.kill()
    owner.wait()
    owner.stdout.close()
    for _ in range(200):
        if not _is_alive(process):
            return
        time.sleep(0.1)
    pytest.fail(f"process {process} is alive")


FINDS = """
from importlib.util import find_spec
from dropout_props.subjects.isolated import run_isolated
print(find_spec("flax").origin == run_isolated(find_spec, "flax").origin)
"""


def test_it_imports_nothing_from_the_working_directory(tmp_path: Path) -> None:
    """A folder `flax` there does not hide the installed Flax, without PYTHONSAFEPATH either."""
    script, here = tmp_path / "scripts" / "finds.py", tmp_path / "here"
    for folder in (script.parent, here / "flax"):
        folder.mkdir(parents=True)
    script.write_text(FINDS, encoding="utf-8")
    (here / "flax" / "__init__.py").touch()
    environment: dict[str, Any] = dict(os.environ)
    environment.pop("PYTHONSAFEPATH", None)
    ended = subprocess.run(
        [sys.executable, str(script)],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout == "True\n"


def test_compiled_programs_run_on_the_device_of_their_arguments() -> None:
    """The programs of one device are not those of another, and NumPy moves nothing from there."""

    def on_both() -> list[tuple[bool, float]]:
        import jax
        import jax.numpy as jnp
        import numpy as np

        from dropout_props.subjects.compiled.one_program import Repeated, one_program

        repeated, (first, second) = Repeated(), jax.devices()[:2]
        there = jax.device_put(np.array([1.0, 4.0], np.float32), second)

        def doubled(x: Any) -> Any:
            return jnp.sqrt(x) * 2

        found = []
        for device in (first, first, first, second):
            seen = repeated(doubled, jax.device_put(there, device))
            found.append((seen.devices() == {device}, float(seen[0])))
        seen = one_program(lambda: jnp.stack([there, there]))
        key = jax.device_put(jax.random.key(0), second)
        child = one_program(lambda: jax.random.fold_in(jax.random.clone(key), 1), split=True)
        found += [(seen.devices() == {second}, float(seen[0, 0]))]
        return [*found, (child.devices() == {second}, 1.0)]

    assert run_isolated(on_both) == [(True, 2.0)] * 4 + [(True, 1.0)] * 2


class Refusal(Exception):
    """An exception that is pickled, and cannot be read again."""

    def __init__(self, *, shape: tuple[int, ...]) -> None:
        super().__init__(f"no input of shape {shape}")


def test_a_crash_of_a_layer_comes_back_as_it_was() -> None:
    """It names the subject and the call, and says whether the layer evaluated."""

    def crash() -> None:
        from dropout_props.subjects.errors import Crashed

        raise Crashed(
            "it raised", subject="mine", operation="call", call="call(x)", in_evaluation=True
        ) from Refusal(shape=(3,))

    with pytest.raises(Crashed, match=r"^it raised$") as raised:
        run_isolated(crash)
    error = raised.value
    assert (error.subject, error.operation, error.call) == ("mine", "call", "call(x)")
    assert error.in_evaluation


def test_an_exception_that_cannot_be_read_again_comes_back_as_text() -> None:
    """The process that is asked next is the same one."""

    def refuse() -> None:
        raise Refusal(shape=(3,))

    before = run_isolated(os.getpid)
    with pytest.raises(RuntimeError, match=r"^Refusal: no input of shape \(3,\)$"):
        run_isolated(refuse)
    assert run_isolated(os.getpid) == before
